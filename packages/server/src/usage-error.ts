/** The server, or a backup of it, cannot be made as it was told to: wrong settings, or something is in the way. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code: UsageCode
  /** What to do. */
  readonly fix: string

  constructor(code: UsageCode, message: string, fix: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.fix = fix
  }
}

export type UsageCode =
  | 'SETTING_INVALID'
  | 'PORT_IN_USE'
  | 'PORT_FORBIDDEN'
  | 'HOST_UNKNOWN'
  | 'DATA_FOLDER_IN_USE'
  | 'DATA_FOLDER_UNUSABLE'
  | 'DATA_FOLDER_NEWER'
  | 'DATABASE_UNUSABLE'
  | 'BUS_UNUSABLE'
  | 'BLOBS_UNUSABLE'
  | 'FOLDER_NOT_EMPTY'
  | 'BACKUP_INCOMPLETE'
  | 'BACKUP_DAMAGED'
  | 'KEYS_MISSING'
  | 'KEYS_UNREADABLE'
  | 'TLS_UNUSABLE'
