-- The kernel that a device should run: the hash of a kernel's manifest. None: it keeps its own.
ALTER TABLE devices ADD COLUMN target_kernel_hash text;
