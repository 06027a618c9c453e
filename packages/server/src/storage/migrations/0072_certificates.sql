-- When certificates end, and in which order they were issued.
ALTER TABLE device_certificates
  ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  -- null: it has no end
  ADD COLUMN expires_at timestamptz;
