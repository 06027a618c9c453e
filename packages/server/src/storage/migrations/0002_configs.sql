-- Configs and Secrets, of an account (no device) or of one device. The value of a Secret is sealed
-- under a master key.
CREATE TABLE configs (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  account_sid text NOT NULL REFERENCES accounts (sid),
  device_sid text REFERENCES devices (sid) ON DELETE CASCADE,
  store text NOT NULL CHECK (store IN ('config', 'secret')),
  key text NOT NULL,
  value text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Two, because no device is not equal to no device.
CREATE UNIQUE INDEX configs_of_accounts ON configs (account_sid, store, key) WHERE device_sid IS NULL;
CREATE UNIQUE INDEX configs_of_devices ON configs (device_sid, store, key) WHERE device_sid IS NOT NULL;
CREATE INDEX configs_in_order ON configs (account_sid, seq);
