-- What updates cost on the wire, by both ends: bytes of manifests and layers.
ALTER TABLE devices
  -- for the update with this hash
  ADD COLUMN update_bytes_hash text,
  ADD COLUMN update_bytes_sent bigint NOT NULL DEFAULT 0,
  -- as the device says
  ADD COLUMN update_bytes_received bigint NOT NULL DEFAULT 0,
  -- all updates together
  ADD COLUMN update_bytes_sent_ever bigint NOT NULL DEFAULT 0;
