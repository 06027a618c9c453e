/**
 * The CPU's state in its `WebAssembly.Memory`: words by name, banks, and what follows from them
 * (which stack pointer is current, which privilege applies).
 */
import { WORDS, type Word } from './layout.ts'

/** Banked words: Non-secure first, Secure 4 bytes further. */
export type BankedWord =
  | 'MSP'
  | 'PSP'
  | 'MSPLIM'
  | 'PSPLIM'
  | 'CONTROL'
  | 'PRIMASK'
  | 'BASEPRI'
  | 'FAULTMASK'

export const CONTROL = { nPRIV: 1, SPSEL: 2 } as const

export class State {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly halves: Uint16Array

  constructor(memory: WebAssembly.Memory) {
    this.words = new Int32Array(memory.buffer)
    this.halves = new Uint16Array(memory.buffer)
    this.bytes = new Uint8Array(memory.buffer)
  }

  get(word: Word): number {
    return this.words[WORDS[word] >> 2] >>> 0
  }

  set(word: Word, value: number): void {
    this.words[WORDS[word] >> 2] = value
  }

  register(number: number): number {
    return this.words[number] >>> 0
  }

  setRegister(number: number, value: number): void {
    this.words[number] = value
  }

  bank(word: BankedWord, isSecure: boolean): number {
    return this.words[(WORDS[word] >> 2) + (isSecure ? 1 : 0)] >>> 0
  }

  setBank(word: BankedWord, isSecure: boolean, value: number): void {
    this.words[(WORDS[word] >> 2) + (isSecure ? 1 : 0)] = value
  }

  get isSecure(): boolean {
    return this.get('SECURE') !== 0
  }

  get isHandler(): boolean {
    return this.get('IPSR') !== 0
  }

  get isPrivileged(): boolean {
    return this.isHandler || (this.bank('CONTROL', this.isSecure) & CONTROL.nPRIV) === 0
  }

  /** The bank's stack pointer that r13 stands for now. */
  get currentStack(): 'MSP' | 'PSP' {
    const usesProcess = (this.bank('CONTROL', this.isSecure) & CONTROL.SPSEL) !== 0
    return usesProcess && !this.isHandler ? 'PSP' : 'MSP'
  }

  /** Writes r13 back to its bank: before anything that changes which one is current. */
  parkStack(): void {
    this.setBank(this.currentStack, this.isSecure, this.get('SP'))
  }

  /** Takes r13 from its bank: after such a change. */
  adoptStack(): void {
    this.set('SP', this.bank(this.currentStack, this.isSecure))
  }

  /** APSR in its architectural layout. */
  get apsr(): number {
    const n = this.get('N') >>> 31
    const z = this.get('Z') === 0 ? 1 : 0
    const v = this.get('V') >>> 31
    const flags = (n << 31) | (z << 30) | (this.get('C') << 29) | (v << 28) | (this.get('Q') << 27)
    return (flags | (this.get('GE') << 16)) >>> 0
  }

  /** N, Z, C, V, Q from their places in an APSR. */
  setFlags(apsr: number): void {
    this.set('N', apsr)
    this.set('Z', ~apsr & 0x4000_0000)
    this.set('C', (apsr >>> 29) & 1)
    this.set('V', apsr << 3)
    this.set('Q', (apsr >>> 27) & 1)
  }
}
