-- The newest lines that applications logged, where the settings say that some are kept.
CREATE TABLE device_log_lines (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_sid text NOT NULL REFERENCES devices (sid) ON DELETE CASCADE,
  at text NOT NULL,
  text text NOT NULL,
  dropped integer NOT NULL DEFAULT 0
);

CREATE INDEX device_log_lines_by_device ON device_log_lines (device_sid, seq);
