-- Apps brought to many devices stage by stage, and what became of each device.
CREATE TABLE rollouts (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sid text PRIMARY KEY,
  account_sid text NOT NULL REFERENCES accounts (sid),
  friendly_name text NOT NULL,
  app_sid text NOT NULL,
  app_hash text NOT NULL,
  state text NOT NULL DEFAULT 'running',
  reason text,
  stages text[] NOT NULL,
  stage integer NOT NULL DEFAULT 0,
  stage_at timestamptz NOT NULL DEFAULT now(),
  tag text,
  approval text NOT NULL,
  failure_percent double precision NOT NULL,
  crashes_per_device integer NOT NULL,
  timeout_minutes double precision NOT NULL,
  soak_minutes double precision NOT NULL,
  catches_new boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX rollouts_by_account ON rollouts (account_sid, seq);

CREATE TABLE rollout_devices (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  rollout_sid text NOT NULL REFERENCES rollouts (sid) ON DELETE CASCADE,
  device_sid text NOT NULL REFERENCES devices (sid) ON DELETE CASCADE,
  stage integer NOT NULL,
  state text NOT NULL DEFAULT 'pending',
  reason text,
  -- what it was to run before
  previous_app_sid text,
  targeted_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz,
  PRIMARY KEY (rollout_sid, device_sid)
);
