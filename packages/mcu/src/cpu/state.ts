/**
 * The CPU's state in its `WebAssembly.Memory`: words by name, banks, and what follows from them
 * (which stack pointer is current, which privilege applies).
 */
import { type Banked, type FloatBanked, WORDS, type WordAddress } from './layout.ts'

/** FPCA and SFPA stand in words of their own. */
export const CONTROL = { nPRIV: 1, SPSEL: 2, FPCA: 4, SFPA: 8 } as const

export class State {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly halves: Uint16Array

  constructor(memory: WebAssembly.Memory) {
    this.words = new Int32Array(memory.buffer)
    this.halves = new Uint16Array(memory.buffer)
    this.bytes = new Uint8Array(memory.buffer)
  }

  get(word: WordAddress): number {
    return this.words[word >> 2] >>> 0
  }

  set(word: WordAddress, value: number): void {
    this.words[word >> 2] = value
  }

  register(number: number): number {
    return this.words[number] >>> 0
  }

  setRegister(number: number, value: number): void {
    this.words[number] = value
  }

  bank(word: Banked | FloatBanked, isSecure: boolean): number {
    return this.words[(word >> 2) + (isSecure ? 1 : 0)] >>> 0
  }

  setBank(word: Banked | FloatBanked, isSecure: boolean, value: number): void {
    this.words[(word >> 2) + (isSecure ? 1 : 0)] = value
  }

  get isSecure(): boolean {
    return this.get(WORDS.SECURE) !== 0
  }

  get isHandler(): boolean {
    return this.get(WORDS.IPSR) !== 0
  }

  get isPrivileged(): boolean {
    return this.isHandler || (this.bank(WORDS.CONTROL, this.isSecure) & CONTROL.nPRIV) === 0
  }

  /** The bank's stack pointer that r13 stands for now. */
  get currentStack(): typeof WORDS.MSP | typeof WORDS.PSP {
    const usesProcess = (this.bank(WORDS.CONTROL, this.isSecure) & CONTROL.SPSEL) !== 0
    return usesProcess && !this.isHandler ? WORDS.PSP : WORDS.MSP
  }

  /** Writes r13 back to its bank: before anything that changes which one is current. */
  parkStack(): void {
    this.setBank(this.currentStack, this.isSecure, this.get(WORDS.SP))
  }

  /** Takes r13 from its bank: after such a change. */
  adoptStack(): void {
    this.set(WORDS.SP, this.bank(this.currentStack, this.isSecure))
  }

  /** APSR in its architectural layout. */
  get apsr(): number {
    const n = this.get(WORDS.N) >>> 31
    const z = this.get(WORDS.Z) === 0 ? 1 : 0
    const v = this.get(WORDS.V) >>> 31
    const flags =
      (n << 31) | (z << 30) | (this.get(WORDS.C) << 29) | (v << 28) | (this.get(WORDS.Q) << 27)
    return (flags | (this.get(WORDS.GE) << 16)) >>> 0
  }

  /** N, Z, C, V, Q from their places in an APSR. */
  setFlags(apsr: number): void {
    this.set(WORDS.N, apsr)
    this.set(WORDS.Z, ~apsr & 0x4000_0000)
    this.set(WORDS.C, (apsr >>> 29) & 1)
    this.set(WORDS.V, apsr << 3)
    this.set(WORDS.Q, (apsr >>> 27) & 1)
  }
}
