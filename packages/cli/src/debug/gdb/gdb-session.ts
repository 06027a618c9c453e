/**
 * One GDB: its packets, answered out of the target. GDB manual, appendix "GDB Remote Serial
 * Protocol". All-stop, one thread; packets that are not known get the empty answer, as they should.
 */
import {
  decodeUtf8,
  describeFault,
  type Stopped,
  StopReason,
  WatchAccess,
} from '@microvisor/protocol'
import { Refusal } from '../debug-client.ts'
import type { Target } from '../target.ts'
import { parsePoint } from './breakpoint-packets.ts'
import { FlashWrites } from './flash-writes.ts'
import { runMonitor } from './monitor.ts'
import { PACKET_BYTES_MAX } from './packets.ts'
import { gdbRegisters, memoryMapXml, partsOf, targetXml } from './target-description.ts'

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

const SIGNAL = { interrupt: 2, illegal: 4, trap: 5, bus: 10, segment: 11 } as const
const faultSignals: Readonly<Record<string, number>> = {
  UsageFault: SIGNAL.illegal,
  BusFault: SIGNAL.bus,
}
const PC = 15
/** r0 to xpsr, msp and psp. */
const STOP_REGISTERS = 19
const CRC_POLYNOMIAL = 0x04c1_1db7

export class GdbSession {
  readonly #target: Target
  readonly #wire: GdbWire
  readonly #flash: FlashWrites
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
    this.#flash = new FlashWrites(target)
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
    return this.#target.knows(Number.parseInt(address, 16), Number.parseInt(length, 16))
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
    '?': async () => stopReply(this.#target.lastStop, this.#target),
    '!': async () => 'OK',
    qAttached: async () => '1',
    qC: async () => 'QC1',
    // GDB asks this whenever it shows a stop to its user, and never between.
    qfThreadInfo: async () => {
      await this.#target.shown()
      return 'm1'
    },
    qsThreadInfo: async () => 'l',
    qThreadExtraInfo: async () => Buffer.from('application').toString('hex'),
    qSymbol: async () => 'OK',
    qRcmd: (text) => this.#monitor(text),
    qCRC: (text) => this.#crc(text),
    H: async () => 'OK',
    T: async () => 'OK',
    g: async () => gdbRegisters.map((register) => this.#registerHex(register)).join(''),
    G: async (text) => this.#setRegisters(text),
    p: async (text) => {
      const register = gdbRegisters.find(({ number }) => number === Number.parseInt(text, 16))
      return register === undefined
        ? errorText('there is no such register')
        : this.#registerHex(register)
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

  #registerHex(register: (typeof gdbRegisters)[number]): string {
    return partsOf(register)
      .map((number) => wordHex(this.#target.register(number) ?? 0))
      .join('')
  }

  #setRegisters(hex: string): string {
    let at = 0
    for (const register of gdbRegisters) {
      for (const number of partsOf(register)) {
        if (at + 8 > hex.length) return 'OK'
        this.#target.setRegister(number, hexWord(hex.slice(at, at + 8)))
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
    partsOf(register).forEach((part, index) => {
      this.#target.setRegister(part, hexWord(hex.slice(8 * index, 8 * index + 8)))
    })
    return 'OK'
  }

  async #read(text: string): Promise<Uint8Array> {
    const { address, length } = addressAndLength(text)
    const most = Math.min(length, (PACKET_BYTES_MAX - 64) / 2)
    const bytes = await this.#target.read(address, most)
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
    if (length > 0) await this.#target.write(address, bytes)
    return 'OK'
  }

  async #crc(text: string): Promise<string> {
    const { address, length } = addressAndLength(text.replace(/^:/, ''))
    const bytes = await this.#target.read(address, length)
    if (bytes.length < length) return errorText('memory ends in the range')
    return `C${crc32(bytes).toString(16)}`
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
    if (text !== '') this.#target.setRegister(PC, Number.parseInt(text, 16))
    return this.#continue(action)
  }

  /** The first action counts: there is one thread. */
  async #continue(text: string): Promise<string> {
    const [action = 'c'] = text.split(';')
    const isOwed = this.#isStepOwed
    this.#isStepOwed = false
    const [, kind, start, end] = /^([cCsSr])(?:([\da-f]+),([\da-f]+))?/i.exec(action) ?? []
    const pc = this.#target.register(PC) ?? 0
    const isStep = kind === 's' || kind === 'S'
    if (isStep && isOwed) return stopReply(this.#target.lastStop, this.#target, 'stepped')
    if (kind === 'r') {
      return this.#run({ start: Number.parseInt(start!, 16), end: Number.parseInt(end!, 16) })
    }
    return this.#run(isStep ? { start: pc, end: pc } : undefined)
  }

  async #run(range?: { start: number; end: number }): Promise<string> {
    this.#isWaitingForStop = true
    try {
      const stop = await this.#target.resume(range)
      this.#explain(stop)
      this.#isStepOwed = stop.reason === StopReason.WATCHPOINT
      return stopReply(stop, this.#target)
    } catch (error) {
      // GDB waits for a stop: it gets one, and the reason on its console.
      if (!(error instanceof Refusal)) throw error
      this.output(`${error.message}\n`)
      return stopReply(this.#target.lastStop, this.#target, 'refused')
    } finally {
      this.#isWaitingForStop = false
    }
  }

  async #restart(): Promise<string> {
    return stopReply(await this.#target.restart(), this.#target)
  }

  #explain({ reason, fault }: Stopped): void {
    if (reason !== StopReason.FAULT || fault === undefined) return
    const causes = describeFault(fault)
    this.output(`${fault.exception}${causes === '' ? '' : `: ${causes}`}\n`)
  }

  async #monitor(text: string): Promise<string> {
    const words = decodeUtf8(Buffer.from(text.replace(/^,/, ''), 'hex')).trim()
    const answer = await runMonitor(words, this.#target)
    return answer === '' ? 'OK' : Buffer.from(answer, 'utf8').toString('hex')
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#wire.send(errorText(message))
  }
}

function errorText(message: string): string {
  return `E.${message.replaceAll(/[^\x20-\x7e]/g, '?')}`
}

/**
 * With what GDB asks for first: all core registers and both stack pointers. `refused`: it did not go on at all; `stepped`: a
 * step has brought it where the last stop was.
 */
function stopReply(
  stop: Stopped | undefined,
  target: Target,
  instead?: 'refused' | 'stepped',
): string {
  if (stop === undefined) return 'T05thread:1;'
  const registers = Array.from({ length: STOP_REGISTERS }, (_, number) => {
    const value = target.register(number)
    const name = number.toString(16).padStart(2, '0')
    return value === undefined ? '' : `${name}:${wordHex(value)};`
  })
  const signals = { refused: SIGNAL.interrupt, stepped: SIGNAL.trap }
  const signal = instead === undefined ? signalOf(stop) : signals[instead]
  const cause = instead === undefined ? causeOf(stop, target) : ''
  return `T${signal.toString(16).padStart(2, '0')}${cause}thread:1;${registers.join('')}`
}

function signalOf({ reason, fault }: Stopped): number {
  if (reason === StopReason.HALTED) return SIGNAL.interrupt
  if (reason !== StopReason.FAULT) return SIGNAL.trap
  return faultSignals[fault?.exception ?? ''] ?? SIGNAL.segment
}

function causeOf({ reason, address }: Stopped, { watchpoints }: Target): string {
  if (reason === StopReason.BREAKPOINT) return 'hwbreak:;'
  if (reason !== StopReason.WATCHPOINT) return ''
  const hit = watchpoints.find(
    (each) => address + 3 >= each.address! && address < each.address! + each.length!,
  )
  const kind = watchKinds[hit?.access ?? WatchAccess.WRITE] ?? 'watch'
  return `${kind}:${Math.max(address, hit?.address ?? 0).toString(16)};`
}

/** As GDB set it: it looks for a watchpoint of that kind. */
const watchKinds: Readonly<Record<number, string>> = {
  [WatchAccess.READ]: 'rwatch',
  [WatchAccess.ANY]: 'awatch',
}

function isSame(
  a: { address?: number; length?: number; access?: WatchAccess },
  b: { address?: number; length?: number; access?: WatchAccess },
): boolean {
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

/** Words travel in the target's order, the lowest byte first. */
function wordHex(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes.toString('hex')
}

function hexWord(hex: string): number {
  const bytes = Buffer.from(hex, 'hex')
  return bytes.length === 4 ? bytes.readUInt32LE() : 0
}

/** As GDB works it out for `compare-sections`. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte << 24
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000_0000 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1
  }
  return crc >>> 0
}
