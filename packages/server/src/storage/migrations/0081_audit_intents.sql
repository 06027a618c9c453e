-- What somebody is about to change. Its entry in the audit log takes its place, in one transaction; one
-- whose server was gone before gets an entry that says so. No reference to accounts: the row would wait
-- for whoever holds the account's to write its entries.
CREATE TABLE audit_intents (
  request_id text PRIMARY KEY,
  account_sid text NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  address text NOT NULL,
  action text NOT NULL,
  object text NOT NULL,
  before text NOT NULL
);
