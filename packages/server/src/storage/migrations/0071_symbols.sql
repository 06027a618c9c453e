-- What the addresses of an App are called, made from the ELF file that it was built from. Found by the
-- code, because the same code may have been uploaded as several Apps.
CREATE TABLE app_symbols (
  app_sid text PRIMARY KEY REFERENCES apps (sid) ON DELETE CASCADE,
  account_sid text NOT NULL REFERENCES accounts (sid),
  code_hash text NOT NULL,
  elf_hash text NOT NULL,
  functions integer NOT NULL,
  lines integer NOT NULL,
  -- JSON, deflated
  symbols bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX app_symbols_by_code ON app_symbols (account_sid, code_hash);
