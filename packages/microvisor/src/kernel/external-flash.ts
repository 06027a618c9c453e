/** The application's share of external flash: handles, and reads and writes inside the share. */

import { externalLayout } from '../flash-layout.ts'
import type { Flash, FlashError } from '../hardware.ts'
import { type Handles, HandleTable } from './handles.ts'

export const EXTERNAL_FLASH_HANDLES_MAX = 32

const share = externalLayout.application

export class ExternalFlashAccess {
  readonly #flash: Flash
  readonly #handles: HandleTable<true>

  constructor(handles: Handles, flash: Flash) {
    this.#handles = new HandleTable(handles)
    this.#flash = flash
  }

  get count(): number {
    return this.#handles.size
  }

  get sectorBytes(): number {
    return this.#flash.eraseBytes
  }

  get shareBytes(): number {
    return share.size
  }

  has(handle: number): boolean {
    return this.#handles.get(handle) !== undefined
  }

  open(): number {
    return this.#handles.add(true)
  }

  close(handle: number): boolean {
    return this.#handles.remove(handle)
  }

  isInShare(address: number, length: number): boolean {
    return address + length <= share.size
  }

  read(address: number, into: Uint8Array): void {
    this.#flash.read(share.offset + address, into)
  }

  /** Programs page by page; what is not erased only loses bits. */
  write(address: number, bytes: Uint8Array): FlashError | undefined {
    const { programBytes } = this.#flash
    for (let at = 0; at < bytes.length; ) {
      const room = programBytes - ((share.offset + address + at) % programBytes)
      const part = bytes.subarray(at, at + room)
      const error = this.#flash.program(share.offset + address + at, part)
      if (error !== undefined) return error
      at += part.length
    }
    return undefined
  }

  erase(address: number, length: number): FlashError | undefined {
    for (let at = 0; at < length; at += this.#flash.eraseBytes) {
      const error = this.#flash.erase(share.offset + address + at)
      if (error !== undefined) return error
    }
    return undefined
  }

  /** The application has stopped. */
  reset(): void {
    this.#handles.clear()
  }
}
