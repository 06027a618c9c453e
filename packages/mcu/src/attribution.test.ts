/**
 * What the secure side keeps is kept: non-secure code that touches a reserved peripheral, pin,
 * interrupt or memory meets what the decision page "Chip, board and device" says, everywhere.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peripheralPlaces } from './address-map.ts'
import { Stm32u585 } from './chip.ts'
import { OTP_BYTES } from './flash.ts'
import { IRQ_COUNT, kernelIrqs } from './interrupts.ts'
import { memoryMap } from './memory-map.ts'
import { Supply } from './power.ts'

/** LDR r0, [r1] and so on, then a branch to itself. */
const ACCESSES = {
  ...{ 'load word': 0x6808, 'load half-word': 0x8808, 'load byte': 0x7808 },
  ...{ 'store word': 0x6008, 'store half-word': 0x8008, 'store byte': 0x7008 },
} as const
const SPIN = 0xe7fe
const ENTRY = 0x0800_0400

function chip(hasSecureSide = true) {
  const unit = new Stm32u585({
    supply: new Supply(),
    otp: new Uint8Array(OTP_BYTES).fill(0xff),
    uniqueId: new Uint8Array(12),
    hasSecureSide,
    kernelPins: [
      ['E', 3],
      ['B', 13],
    ],
    events: { internalFlashChanged() {}, otpChanged() {}, pin() {}, serial() {} },
  })
  const view = new DataView(unit.flashBytes.buffer, unit.flashBytes.byteOffset)
  view.setUint32(0, 0x2001_0000, true)
  for (let n = 1; n < 142; n++) view.setUint32(n * 4, ENTRY | 1, true)
  /** What comes of one access by non-secure code. */
  const attempt = (opcode: number, address: number, value = 0) => {
    view.setUint16(0x400, opcode, true)
    view.setUint16(0x402, SPIN, true)
    unit.cpu.invalidate(ENTRY, 4)
    unit.startApplication(0x0800_0000)
    unit.cpu.set('r1', address)
    unit.cpu.set('r0', value)
    return unit.run(unit.cpu.cycles + 8)
  }
  const read = (address: number) => {
    assert.equal(attempt(ACCESSES['load word'], address), 'cycle', address.toString(16))
    return unit.cpu.get('r0')
  }
  const write = (address: number, value: number) =>
    assert.equal(attempt(ACCESSES['store word'], address, value), 'cycle', address.toString(16))
  return { unit, attempt, read, write }
}

test('every access of every width to every reserved peripheral is a fault of the application', () => {
  const { unit, attempt } = chip()
  for (const { name, base, size, kernel } of peripheralPlaces) {
    if (!kernel) continue
    for (const address of [base, base + 0x10, base + size - 4]) {
      for (const [what, opcode] of Object.entries(ACCESSES)) {
        assert.equal(attempt(opcode, address), 'secure-exception', `${what} at ${name}`)
        const { exception, registers } = unit.cpu.faultRecord!
        assert.deepEqual([exception, registers.pc], ['SecureFault', ENTRY], name)
      }
    }
  }
})

test('the secure alias of every peripheral is closed to the application', () => {
  const { attempt } = chip()
  for (const { name, base } of peripheralPlaces) {
    for (const opcode of [ACCESSES['load word'], ACCESSES['store word']]) {
      assert.equal(attempt(opcode, base + 0x1000_0000), 'secure-exception', name)
    }
  }
})

test('every peripheral that is not reserved answers the application', () => {
  const { attempt } = chip()
  for (const { name, base, kernel } of peripheralPlaces) {
    if (kernel) continue
    assert.equal(attempt(ACCESSES['load word'], base), 'cycle', name)
  }
})

test('without a secure side nothing is reserved', () => {
  const { attempt } = chip(false)
  for (const { name, base, kernel } of peripheralPlaces) {
    if (kernel) assert.equal(attempt(ACCESSES['load word'], base), 'cycle', name)
  }
})

test('secure memory is closed at its first and last word, to loads and stores', () => {
  const { attempt } = chip()
  for (const { name, base, size, attribution } of memoryMap) {
    if (attribution !== 'secure') continue
    for (const address of [base, base + size - 4]) {
      for (const opcode of [ACCESSES['load word'], ACCESSES['store word']]) {
        assert.equal(attempt(opcode, address), 'secure-exception', name)
      }
    }
  }
})

test('a DMA that the application sets up ends at secure memory: an error, and nothing moves', () => {
  const { unit, write, read } = chip()
  const [TCF, DTEF, USEF] = [1 << 8, 1 << 10, 1 << 12]
  const [channel, dma2d, mine] = [0x4002_0050, 0x4002_b000, 0x2000_1000]
  unit.writeSecure(0x4602_0c88, 1 | (1 << 18))
  const view = new DataView(unit.cpu.bytes.buffer, unit.cpu.bytes.byteOffset)
  const copy = (from: number, to: number) => {
    view.setUint32(mine, 0xa5a5_a5a5, true)
    write(channel + 0x0c, 0x7f00)
    write(channel + 0x40, 0x2 | (0x2 << 16))
    write(channel + 0x44, 1 << 9)
    write(channel + 0x48, 4)
    write(channel + 0x4c, from)
    write(channel + 0x50, to)
    write(channel + 0x14, 1)
    unit.run(unit.cpu.cycles + 1000)
    return read(channel + 0x10) & (TCF | DTEF | USEF)
  }
  assert.equal(copy(mine, mine + 16), TCF)
  assert.equal(view.getUint32(mine + 16, true), 0xa5a5_a5a5)
  for (const { name, base, size, attribution } of memoryMap) {
    if (attribution !== 'secure' && attribution !== 'callable') continue
    for (const address of [base, base + size - 4]) {
      // Where the bytes of a secure alias lie.
      const bytes = address < 0x2000_0000 ? address & ~0x0400_0000 : address & ~0x1000_0000
      if (bytes >= 0x4000_0000) continue
      const before = view.getUint32(bytes, true)
      assert.equal(copy(address, mine), DTEF, `from ${name}`)
      assert.equal(view.getUint32(mine, true), 0xa5a5_a5a5, `from ${name}`)
      assert.equal(copy(mine, address), DTEF, `to ${name}`)
      assert.equal(view.getUint32(bytes, true), before, `to ${name}`)
    }
  }
  const kernelSram = 0x2008_0000
  write(dma2d + 0x34, 0)
  write(dma2d + 0x38, 0x1234_5678)
  write(dma2d + 0x3c, kernelSram)
  write(dma2d + 0x44, (1 << 16) | 1)
  write(dma2d, (3 << 16) | 1)
  unit.run(unit.cpu.cycles + 1000)
  assert.equal(read(dma2d + 4) & 3, 1, 'DMA2D: transfer error')
  assert.equal(view.getUint32(kernelSram, true), 0)
})

test('a reserved interrupt cannot be enabled, pended or ranked by the application; others can', () => {
  const { unit } = chip()
  const read = (address: number) => unit.cpu.readPrivate(address, false)
  const write = (address: number, value: number) =>
    unit.cpu.writePrivate(address, value >>> 0, false)
  const [ISER, ISPR, IPR] = [0xe000_e100, 0xe000_e200, 0xe000_e400]
  for (let irq = 0; irq < IRQ_COUNT; irq++) {
    const [word, bit] = [(irq >> 5) * 4, irq & 31]
    const isMine = !kernelIrqs.includes(irq)
    for (const base of [ISER, ISPR]) {
      write(base + word, 2 ** bit)
      assert.equal((read(base + word) >>> bit) & 1, Number(isMine), `interrupt ${irq}`)
      write(base + word + 0x80, 2 ** bit)
      assert.equal((read(base + word) >>> bit) & 1, 0)
    }
    const shift = (irq & 3) * 8
    write(IPR + (irq & ~3), 0xf0 << shift)
    assert.equal((read(IPR + (irq & ~3)) >>> shift) & 0xff, isMine ? 0xf0 : 0, `priority ${irq}`)
  }
})

test('a reserved pin reads as nothing and takes nothing; its neighbours are free', () => {
  const { unit, read, write } = chip()
  unit.writeSecure(0x4602_0c8c, (1 << 4) | (1 << 1))
  const ports = [
    ['E', 0x4202_1000, 3],
    ['B', 0x4202_0400, 13],
  ] as const
  for (const [port, base, pin] of ports) {
    const registers = unit.gpio[port].registers
    const before = registers.get('MODER')
    const mine = (3 << (pin * 2)) >>> 0
    write(base, 0x5555_5555)
    assert.equal((registers.get('MODER') & mine) >>> 0, (before & mine) >>> 0)
    assert.equal(read(base), (0x5555_5555 & ~mine) >>> 0)
    write(base + 0x18, 0xffff)
    assert.equal(registers.get('ODR'), 0xffff & ~(1 << pin))
    assert.equal(read(base + 0x14), 0xffff & ~(1 << pin))
  }
})
