-- Who may act for an account: keys for machines, users with sessions for people; and the audit log of
-- what they did. Secrets, tokens and passwords are kept as hashes only.

CREATE TABLE api_keys (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  friendly_name text NOT NULL,
  scopes text[] NOT NULL,
  secret_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  -- to the minute
  used_at timestamptz
);

CREATE INDEX api_keys_by_account ON api_keys (account_sid, seq);

CREATE TABLE users (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  -- what they sign in with, in lower case
  name text NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN ('owner', 'developer', 'viewer')),
  password_hash text NOT NULL,
  -- sealed; null: signing in asks for no code
  totp_secret text,
  -- the last step of time whose code was accepted: no code counts twice
  totp_step bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX users_by_account ON users (account_sid, seq);

CREATE TABLE invitations (
  token_hash text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  role text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE TABLE user_sessions (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  user_sid text NOT NULL REFERENCES users (sid) ON DELETE CASCADE,
  token_hash text NOT NULL UNIQUE,
  address text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE INDEX user_sessions_by_user ON user_sessions (user_sid);

-- A chain for each account: an entry's hash covers the one before it.
CREATE TABLE audit (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  account_sid text NOT NULL REFERENCES accounts (sid),
  number bigint NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  address text NOT NULL,
  request_id text NOT NULL,
  action text NOT NULL,
  object text NOT NULL,
  before text NOT NULL,
  after text NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (account_sid, number)
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log only grows';
END $$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
