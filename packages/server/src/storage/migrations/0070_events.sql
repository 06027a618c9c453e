-- What happens in an account, in one numbered sequence of which the newest part is kept; and webhooks,
-- which post it. An event and its deliveries are written in one transaction.

-- Whoever writes events of an account holds its row, so that numbers become visible in their order.
CREATE TABLE account_event_numbers (
  account_sid text PRIMARY KEY,
  last bigint NOT NULL
);

CREATE TABLE account_events (
  account_sid text NOT NULL,
  seq bigint NOT NULL,
  type text NOT NULL,
  device_sid text,
  -- as the API shows it, but for its id
  body jsonb NOT NULL,
  PRIMARY KEY (account_sid, seq)
);

CREATE INDEX account_events_by_device ON account_events (device_sid, seq);

ALTER TABLE webhooks
  ADD COLUMN friendly_name text NOT NULL DEFAULT '',
  ADD COLUMN enabled boolean NOT NULL DEFAULT true,
  -- sealed; signs, too, until it ends
  ADD COLUMN previous_secret text,
  ADD COLUMN previous_secret_expires_at timestamptz,
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  ADD COLUMN last_error text,
  ADD COLUMN delivered_at timestamptz;

CREATE INDEX webhooks_by_account ON webhooks (account_sid, seq);

-- Nothing has been written to it so far.
DROP TABLE webhook_deliveries;

CREATE TABLE webhook_deliveries (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  webhook_sid text NOT NULL REFERENCES webhooks (sid) ON DELETE CASCADE,
  -- null: a ping
  event_seq bigint,
  type text NOT NULL,
  body text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  -- a server is at it until then
  claimed_until timestamptz,
  status integer,
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  delivered_at timestamptz
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_sid, seq);
