-- Keys that encrypt layers, which every device of the account is given.
CREATE TABLE layer_keys (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  account_sid text NOT NULL REFERENCES accounts (sid),
  key_id text NOT NULL,
  friendly_name text NOT NULL,
  -- sealed under the master key
  secret text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_sid, key_id)
);
