-- Accounts, applications, kernels, devices.
--
-- `seq` orders lists: newest first, and stable while rows come and go. Hashes are SHA-256 in
-- lower-case hexadecimal.

CREATE TABLE installation (
  name text PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE accounts (
  sid text PRIMARY KEY,
  auth_token_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE apps (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  unique_name text,
  manifest_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_sid, unique_name)
);

CREATE INDEX apps_by_account ON apps (account_sid, seq);
CREATE INDEX apps_by_manifest ON apps (account_sid, manifest_hash);

CREATE TABLE kernels (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  account_sid text NOT NULL REFERENCES accounts (sid),
  manifest_hash text NOT NULL,
  -- of the part that is signed: the same kernel has the same one however often it is signed
  body_hash text NOT NULL,
  version_number bigint NOT NULL,
  version_string text NOT NULL,
  version_security_ratchet bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_sid, manifest_hash),
  UNIQUE (account_sid, body_hash)
);

-- What a bundle consists of. The owner is an app's SID or a kernel's manifest hash; position 0 is
-- the manifest, the others are layers.
CREATE TABLE bundle_contents (
  account_sid text NOT NULL REFERENCES accounts (sid),
  owner text NOT NULL,
  position integer NOT NULL,
  hash text NOT NULL,
  size_bytes integer NOT NULL,
  PRIMARY KEY (account_sid, owner, position)
);

CREATE INDEX bundle_contents_by_hash ON bundle_contents (hash);

CREATE TABLE devices (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  unique_name text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- what it should run
  target_app_sid text REFERENCES apps (sid),
  targeted_at timestamptz,
  -- what it says it runs
  reported_hash text,
  reported_app_sid text,
  reported_at timestamptz,
  reported_layers jsonb,
  kernel_version bigint,
  kernel_version_text text,
  -- why the update to this manifest failed; 0: it did not
  update_error_code integer NOT NULL DEFAULT 0,
  update_error_hash text,
  update_error_detail text,
  logging_until timestamptz,
  -- not null: the application is to be restarted once the device is there
  restart_requested_at timestamptz,
  UNIQUE (account_sid, unique_name)
);

CREATE INDEX devices_by_account ON devices (account_sid, seq);
CREATE INDEX devices_by_target ON devices (target_app_sid);

-- Outlive their device, so that a revoked certificate stays known.
CREATE TABLE device_certificates (
  fingerprint text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  device_sid text NOT NULL,
  issued_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

CREATE INDEX device_certificates_by_device ON device_certificates (device_sid);

CREATE TABLE device_crashes (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  device_sid text NOT NULL REFERENCES devices (sid) ON DELETE CASCADE,
  -- the device's own, to tell a repeat from a new one
  crash_id text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  manifest_hash text,
  report jsonb NOT NULL,
  PRIMARY KEY (device_sid, crash_id)
);
