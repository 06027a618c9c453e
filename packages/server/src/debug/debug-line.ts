/** The two ends of a debug session as the cloud sees them, and what asks for one. */

/** Somebody wants to debug a device. */
export interface DebugWish {
  readonly deviceSid: string
  /** The connection that the device has, on whichever server; undefined: none. */
  readonly connection: string | undefined
  /** Who it is, for the device and the log. */
  readonly holder: string
}

/** What a debugger sends goes to. */
export interface DebugLine {
  write(bytes: Uint8Array): void
  close(): void
}

/** The debugger's side. */
export interface DebugPeer {
  /** Resolves once it can take more. */
  receive(bytes: Uint8Array): Promise<void>
  /** Whether it may go on sending. */
  mayGoOn(isRoom: boolean): void
  /** The device closed the stream, or is gone; why, for people. */
  closed(detail: string): void
}
