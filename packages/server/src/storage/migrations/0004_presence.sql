-- Where devices are connected, and what else they say; which server processes there are; which device
-- was there in which month; whom to tell about what happens.

CREATE TABLE servers (
  id text PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  -- renewed every few seconds: a server that has not is gone, and so are its devices
  seen_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE devices
  -- null: not connected
  ADD COLUMN connection_id text,
  ADD COLUMN server_id text,
  ADD COLUMN connected_at timestamptz,
  ADD COLUMN seen_at timestamptz,
  ADD COLUMN address text,
  ADD COLUMN app_running boolean,
  ADD COLUMN wake_reason bigint,
  ADD COLUMN update_phase text,
  ADD COLUMN update_bytes_done bigint,
  ADD COLUMN update_bytes_total bigint,
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
  ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}';

-- Outlives its device: it is what was used.
CREATE TABLE device_usage (
  account_sid text NOT NULL REFERENCES accounts (sid),
  -- 2021-01
  month text NOT NULL,
  device_sid text NOT NULL,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  connections bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (account_sid, month, device_sid)
);

CREATE TABLE webhooks (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  url text NOT NULL,
  events text[] NOT NULL,
  -- sealed
  secret text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE webhook_deliveries (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  webhook_sid text NOT NULL REFERENCES webhooks (sid) ON DELETE CASCADE,
  body text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  last_error text
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at);
