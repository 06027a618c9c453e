/**
 * One GDB: its packets, answered out of the target. GDB manual, appendix "GDB Remote Serial
 * Protocol". All-stop, one thread; packets that are not known get the empty answer, as they should.
 */
import { decodeUtf8, describeFault, type Stopped, StopReason } from '@microvisor/protocol'
import { Refusal } from '../debug-client.ts'
import type { Target, Watchpoint } from '../target.ts'
import { parsePoint } from './breakpoint-packets.ts'
import { FlashWrites } from './flash-writes.ts'
import { GdbThreads } from './gdb-threads.ts'
import { runMonitor } from './monitor.ts'
import { PACKET_BYTES_MAX } from './packets.ts'
import { stopReply } from './stop-reply.ts'
import { gdbRegisters, memoryMapXml, partsOf, targetXml } from './target-description.ts'
import { hexWord, wordHex } from './words.ts'

/** To GDB. */
export interface GdbWire {
  send(data: Uint8Array | string): void
  /** No acknowledgements from here on. */
  stopAcknowledging(): void
  close(): void
}

type Handler = (text: string, data: Uint8Array) => Promise<string | Uint8Array | undefined>

const FEATURES = [
  `PacketSize=${(PACKET_BYTES_MAX - 64).toString(16)}`,
  ...['QStartNoAckMode+', 'qXfer:features:read+', 'qXfer:memory-map:read+', 'vContSupported+'],
  ...['swbreak+', 'hwbreak+', 'ConditionalBreakpoints+', 'BreakpointCommands+', 'binary-upload+'],
  'error-message+',
].join(';')

const PC = 15
const SWITCHED_OUT = 'this task is switched out: its registers can be read but not changed'
const NOT_STEPPED =
  'Only the task that the processor runs can be stepped: select that one, or set a breakpoint.'

export class GdbSession {
  readonly #target: Target
  readonly #wire: GdbWire
  readonly #flash: FlashWrites
  readonly #threads: GdbThreads
  /** Answers `vCont` and its like, once the application stops. */
  #isWaitingForStop = false
  /**
   * GDB holds that watchpoints of Arm stop before the access, and steps over the instruction before
   * it shows the stop. Ours stop behind it: that step is done already.
   */
  #isStepOwed = false

  constructor(target: Target, wire: GdbWire) {
    this.#target = target
    this.#wire = wire
    this.#flash = new FlashWrites(target.state.flash)
    this.#threads = new GdbThreads(target)
  }

  async packet(data: Uint8Array): Promise<void> {
    const text = Buffer.from(data).toString('latin1')
    const handler = this.#find(text)
    if (handler === undefined) {
      this.#wire.send('')
      return
    }
    try {
      const [name, handle] = handler
      if (this.#target.isForetold && !this.#isForetold(text)) await this.#target.settle()
      const answer = await handle(text.slice(name.length), data.subarray(name.length))
      if (answer !== undefined) this.#wire.send(answer)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Whether what GDB was told in advance is all that this packet is about. */
  #isForetold(text: string): boolean {
    if (/^(?:[zZHT]|vCont|qC$)/.test(text)) return true
    const [, address, length] = /^[mx]([\da-f]+),([\da-f]+)$/i.exec(text) ?? []
    if (address === undefined || length === undefined) return false
    return this.#target.state.knows(Number.parseInt(address, 16), Number.parseInt(length, 16))
  }

  /** Ctrl-C in GDB. */
  async interrupt(): Promise<void> {
    if (this.#target.isRunning)
      await this.#target.halt().catch((error: unknown) => this.#fail(error))
  }

  /** Text for GDB's console; only while GDB waits for a stop or for an answer to `monitor`. */
  output(text: string): void {
    if (this.#isWaitingForStop) this.#wire.send(`O${Buffer.from(text, 'utf8').toString('hex')}`)
  }

  /** The device is gone for good. */
  ended(detail: string): void {
    this.output(`${detail}\n`)
    this.#wire.send(this.#isWaitingForStop ? 'W00' : errorText(detail))
    this.#wire.close()
  }

  /** The longest name that the packet begins with. */
  #find(text: string): readonly [string, Handler] | undefined {
    let found: readonly [string, Handler] | undefined
    for (const entry of Object.entries(this.#handlers)) {
      if (text.startsWith(entry[0]) && entry[0].length > (found?.[0].length ?? 0)) found = entry
    }
    return found
  }

  readonly #handlers: Readonly<Record<string, Handler>> = {
    qSupported: async () => FEATURES,
    QStartNoAckMode: async () => {
      this.#wire.send('OK')
      this.#wire.stopAcknowledging()
      return undefined
    },
    'qXfer:features:read:target.xml:': async (window) => slice(targetXml, window),
    'qXfer:memory-map:read::': async (window) => slice(memoryMapXml, window),
    '?': async () => this.#stopReply(),
    '!': async () => 'OK',
    qAttached: async () => '1',
    qC: async () => `QC${this.#threads.current.toString(16)}`,
    // GDB asks this whenever it shows a stop to its user, and never between.
    qfThreadInfo: async () => {
      await this.#target.shown()
      const numbers = await this.#threads.list()
      return `m${numbers.map((number) => number.toString(16)).join()}`
    },
    qsThreadInfo: async () => 'l',
    'qThreadExtraInfo,': async (text) =>
      Buffer.from(this.#threads.describe(Number.parseInt(text, 16))).toString('hex'),
    qSymbol: (text) => this.#threads.symbol(text),
    qRcmd: (text) => this.#monitor(text),
    qCRC: (text) => this.#crc(text),
    Hg: async (text) => {
      this.#threads.select(text)
      return 'OK'
    },
    H: async () => 'OK',
    T: async (text) =>
      this.#threads.isAlive(Number.parseInt(text, 16))
        ? 'OK'
        : errorText('there is no such thread'),
    g: async () => {
      const registerAt = await this.#threads.registers()
      return gdbRegisters.map((register) => registerHex(register, registerAt)).join('')
    },
    G: async (text) => this.#setRegisters(text),
    p: async (text) => {
      const register = gdbRegisters.find(({ number }) => number === Number.parseInt(text, 16))
      return register === undefined
        ? errorText('there is no such register')
        : registerHex(register, await this.#threads.registers())
    },
    P: async (text) => this.#setRegister(text),
    m: async (text) => Buffer.from(await this.#read(text)).toString('hex'),
    x: async (text) => Buffer.concat([Buffer.from('b'), await this.#read(text)]),
    M: (text) => this.#write(text, (payload) => Buffer.from(payload, 'hex')),
    X: (text) => this.#write(text, (payload) => Buffer.from(payload, 'latin1')),
    'vCont?': async () => 'vCont;c;C;s;S;r',
    'vCont;': (text) => this.#continue(text),
    c: (text) => this.#jump(text, 'c'),
    s: (text) => this.#jump(text, 's'),
    Z: async (text) => this.#setPoint(text),
    z: async (text) => this.#removePoint(text),
    'vFlashErase:': async (text) => {
      const { address, length } = addressAndLength(text)
      this.#flash.erase(address, length)
      return 'OK'
    },
    'vFlashWrite:': async (text) => {
      const colon = text.indexOf(':')
      const address = Number.parseInt(text.slice(0, colon), 16)
      this.#flash.write(address, Buffer.from(text.slice(colon + 1), 'latin1'))
      return 'OK'
    },
    vFlashDone: async () => {
      this.#target.state.checksums.forget()
      await this.#flash.finish()
      return 'OK'
    },
    vRun: () => this.#restart(),
    R: async () => {
      await this.#target.restart()
      return undefined
    },
    vKill: async () => {
      await this.#target.restart()
      return 'OK'
    },
    k: async () => {
      this.#wire.close()
      return undefined
    },
    D: async () => {
      this.#wire.send('OK')
      this.#wire.close()
      return undefined
    },
  }

  // Registers and memory

  #setRegisters(hex: string): string {
    if (!this.#threads.isCurrentSelected) return errorText(SWITCHED_OUT)
    let at = 0
    for (const register of gdbRegisters) {
      for (const number of partsOf(register)) {
        if (at + 8 > hex.length) return 'OK'
        this.#target.state.setRegister(number, hexWord(hex.slice(at, at + 8)))
        at += 8
      }
    }
    return 'OK'
  }

  #setRegister(text: string): string {
    const [number, hex = ''] = text.split('=')
    const register = gdbRegisters.find((each) => each.number === Number.parseInt(number!, 16))
    if (register === undefined || hex.length !== register.bits / 4) {
      return errorText('there is no such register')
    }
    if (!this.#threads.isCurrentSelected) return errorText(SWITCHED_OUT)
    partsOf(register).forEach((part, index) => {
      this.#target.state.setRegister(part, hexWord(hex.slice(8 * index, 8 * index + 8)))
    })
    return 'OK'
  }

  async #read(text: string): Promise<Uint8Array> {
    const { address, length } = addressAndLength(text)
    const most = Math.min(length, (PACKET_BYTES_MAX - 64) / 2)
    const bytes = await this.#target.state.read(address, most)
    if (bytes.length === 0 && length > 0) {
      throw new Refusal(
        `Nothing can be read at 0x${address.toString(16)}: no memory, or not the application's.`,
      )
    }
    return bytes
  }

  async #write(text: string, decode: (payload: string) => Uint8Array): Promise<string> {
    const colon = text.indexOf(':')
    const { address, length } = addressAndLength(text.slice(0, colon))
    const bytes = decode(text.slice(colon + 1))
    if (bytes.length !== length) return errorText('the packet is damaged')
    if (length > 0) await this.#target.state.write(address, bytes)
    return 'OK'
  }

  async #crc(text: string): Promise<string> {
    const range = addressAndLength(text.replace(/^:/, ''))
    const crc = await this.#target.state.checksum(range)
    return crc === undefined ? errorText('memory ends in the range') : `C${crc.toString(16)}`
  }

  // Points

  #setPoint(text: string): string {
    const point = parsePoint(text)
    if (point === undefined) return ''
    const { breakpoints, watchpoints } = this.#target
    if (point.kind === 'breakpoint') breakpoints.set(point.breakpoint.address, point.breakpoint)
    else if (!watchpoints.some((each) => isSame(each, point.watchpoint))) {
      watchpoints.push(point.watchpoint)
    }
    return 'OK'
  }

  #removePoint(text: string): string {
    const point = parsePoint(text)
    if (point === undefined) return ''
    const { breakpoints, watchpoints } = this.#target
    if (point.kind === 'breakpoint') breakpoints.delete(point.breakpoint.address)
    else {
      const index = watchpoints.findIndex((each) => isSame(each, point.watchpoint))
      if (index >= 0) watchpoints.splice(index, 1)
    }
    return 'OK'
  }

  // Running

  #jump(text: string, action: string): Promise<string> {
    if (text !== '') this.#target.state.setRegister(PC, Number.parseInt(text, 16))
    return this.#continue(action)
  }

  /** The first action counts: one thread runs. */
  async #continue(text: string): Promise<string> {
    const [action = 'c'] = text.split(';')
    const isOwed = this.#isStepOwed
    this.#isStepOwed = false
    const [, kind, start, end, thread] =
      /^([cCsSr])(?:([\da-f]+),([\da-f]+))?(?::(-?[\da-f]+))?/i.exec(action) ?? []
    const pc = this.#target.state.register(PC) ?? 0
    const isStep = kind === 's' || kind === 'S'
    if (isStep && isOwed) return this.#stopReply('stepped')
    if ((isStep || kind === 'r') && !this.#threads.isCurrent(thread))
      return this.#refuse(NOT_STEPPED)
    if (kind === 'r') {
      return this.#run({ start: Number.parseInt(start!, 16), end: Number.parseInt(end!, 16) })
    }
    return this.#run(isStep ? { start: pc, end: pc } : undefined)
  }

  /** GDB waits for a stop: it gets one, and the reason on its console. */
  #refuse(why: string): string {
    this.#isWaitingForStop = true
    this.output(`${why}\n`)
    this.#isWaitingForStop = false
    return this.#stopReply('refused')
  }

  async #run(range?: { start: number; end: number }): Promise<string> {
    this.#isWaitingForStop = true
    try {
      const stop = await this.#target.resume(range)
      this.#explain(stop)
      this.#isStepOwed = stop.reason === StopReason.WATCHPOINT
      if (!this.#target.isForetold) await this.#threads.stopped()
      return this.#stopReply()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return this.#refuse(error.message)
    } finally {
      this.#isWaitingForStop = false
    }
  }

  async #restart(): Promise<string> {
    await this.#target.restart()
    await this.#threads.stopped()
    return this.#stopReply()
  }

  #stopReply(instead?: 'refused' | 'stepped'): string {
    const place = { target: this.#target, thread: this.#threads.current }
    return stopReply(this.#target.lastStop, place, instead)
  }

  #explain({ reason, fault }: Stopped): void {
    if (reason !== StopReason.FAULT || fault === undefined) return
    const causes = describeFault(fault)
    this.output(`${fault.exception}${causes === '' ? '' : `: ${causes}`}\n`)
  }

  async #monitor(text: string): Promise<string> {
    const words = decodeUtf8(Buffer.from(text.replace(/^,/, ''), 'hex')).trim()
    const before = this.#target.lastStop
    const answer = await runMonitor(words, this.#target)
    if (this.#target.lastStop !== before) await this.#threads.stopped()
    return answer === '' ? 'OK' : Buffer.from(answer, 'utf8').toString('hex')
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#wire.send(errorText(message))
  }
}

/** What is not known is an `x` for each digit. */
function registerHex(
  register: (typeof gdbRegisters)[number],
  registerAt: (number: number) => number | undefined,
): string {
  const words = partsOf(register).map((number) => registerAt(number))
  return words.map((word) => (word === undefined ? 'xxxxxxxx' : wordHex(word))).join('')
}

function errorText(message: string): string {
  return `E.${message.replaceAll(/[^\x20-\x7e]/g, '?')}`
}

function isSame(a: Watchpoint, b: Watchpoint): boolean {
  return a.address === b.address && a.length === b.length && a.access === b.access
}

function addressAndLength(text: string): { address: number; length: number } {
  const [, address, length] = /^([\da-f]{1,8}),([\da-f]{1,8})$/i.exec(text) ?? []
  if (address === undefined || length === undefined) throw new Refusal('the packet is damaged')
  return { address: Number.parseInt(address, 16), length: Number.parseInt(length, 16) }
}

/** `OFFSET,LENGTH` of a document: `l` with the last piece, `m` before. */
function slice(text: string, window: string): string {
  const { address: offset, length } = addressAndLength(window)
  const piece = text.slice(offset, offset + length)
  return (offset + length >= text.length ? 'l' : 'm') + piece
}
