/**
 * What can be wrong with a device's folder or with making one. Codes are permanent; the sentence
 * after each says what to do.
 */

export const deviceErrors = {
  DEVICE_IN_USE: 'Stop that process, or use another device.',
  DEVICE_FOLDER_MISSING: 'Make the device first, or check the path.',
  DEVICE_FOLDER_TAKEN: 'Choose another folder, or remove this one.',
  DEVICE_FILE_DAMAGED: 'Restore the file from a copy, or remove the folder and make a new device.',
  DEVICE_ENROLMENT_INVALID: 'Check that server and device are of the same version.',
  NETWORK_CONDITIONS_WRONG: 'Correct the value, or remove network.json from the device’s folder.',
  SERIAL_LINK_FAILED: 'Correct `link` in the board file, or choose another port.',
} as const

export type DeviceErrorCode = keyof typeof deviceErrors

export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: DeviceErrorCode
  /** What to do about it. */
  readonly fix: string

  constructor(code: DeviceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.fix = deviceErrors[code]
  }
}
