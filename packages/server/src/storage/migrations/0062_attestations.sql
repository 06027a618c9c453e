-- What devices have proven, in their own words.
CREATE TABLE device_attestations (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  device_sid text NOT NULL REFERENCES devices (sid) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- base64url, with the device's certificate
  token text NOT NULL,
  -- what they were held against, and how it came out, then
  findings jsonb NOT NULL,
  app_sid text
);

CREATE INDEX device_attestations_by_device ON device_attestations (device_sid, seq);
