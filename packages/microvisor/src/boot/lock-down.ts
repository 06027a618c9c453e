/**
 * Why a device locks itself down at boot: nothing runs, and there is no network. Codes are
 * permanent. Expected only after a hardware failure, tampering, or a mistake in provisioning.
 */

export const lockDownReasons = {
  FUSES_BLANK: 'The one-time-programmable area was never burned, or has an unknown layout.',
  OPTION_BYTES:
    'The option bytes leave open what has to be closed: TrustZone on, readout protection level 2, preboot and bootrom write-protected and to be hidden.',
  BOOT_MISSING: 'There is no preboot and bootrom where they belong.',
  BOOT_HASH: 'Preboot and bootrom are not what the fuses say.',
  KERNEL_MANIFEST_MISSING: 'There is no kernel manifest where one belongs.',
  KERNEL_MANIFEST_MALFORMED: 'What lies in the place of the kernel manifest is none.',
  KERNEL_SIGNER_UNKNOWN: 'The kernel manifest is signed by a key that the fuses do not name.',
  KERNEL_SIGNATURE: 'The kernel manifest is not signed, or its signature is wrong.',
  KERNEL_DEVICE_TYPE: 'The kernel is for another type of device.',
  KERNEL_REGION_MISSING: 'The kernel manifest does not name the Kernel or the NSC region.',
  KERNEL_BOOT: 'The kernel is for another preboot and bootrom than this device has.',
  KERNEL_REGION_UNKNOWN:
    'The kernel manifest names a region that this device does not have: its Upgrader is part of Boot.',
  KERNEL_HASH: 'The kernel is not what its manifest says.',
  NSC_HASH: 'The system call veneers are not what the kernel manifest says.',
  KERNEL_ROLLBACK: 'The kernel is older than the anti-rollback ratchet of this device allows.',
} as const

export type LockDownReason = keyof typeof lockDownReasons

export interface LockDown {
  readonly outcome: 'locked-down'
  readonly reason: LockDownReason
  /** With the values, for people. */
  readonly detail: string
}

export function lockDown(
  reason: LockDownReason,
  detail: string = lockDownReasons[reason],
): LockDown {
  return { outcome: 'locked-down', reason, detail }
}
