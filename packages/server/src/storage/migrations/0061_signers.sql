-- An account's own keys that may sign its applications. A removed one stays, because devices never
-- trust it again.
CREATE TABLE signers (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  account_sid text NOT NULL REFERENCES accounts (sid),
  key_id text NOT NULL,
  -- X9.62 uncompressed, in hexadecimal
  public_key text NOT NULL,
  friendly_name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz,
  PRIMARY KEY (account_sid, key_id)
);
