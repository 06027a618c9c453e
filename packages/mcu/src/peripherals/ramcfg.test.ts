import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stm32u585 } from '../chip.ts'
import { OTP_BYTES } from '../flash.ts'
import { Supply } from '../power.ts'

const [RCC, PWR, RAMCFG, BKPSRAM] = [0x4602_0c00, 0x4602_0800, 0x4002_6000, 0x4003_6400]

function chip() {
  const unit = new Stm32u585({
    ...{ supply: new Supply(), hasSecureSide: false, kernelPins: [] },
    ...{ otp: new Uint8Array(OTP_BYTES).fill(0xff), uniqueId: new Uint8Array(12) },
    events: { internalFlashChanged() {}, otpChanged() {}, pin() {}, serial() {} },
  })
  const write = (address: number, value: number) =>
    assert.equal(unit.writeNonSecure(address, value), true)
  const read = (address: number) => unit.readNonSecure(address)!
  const bytes = (from: number, length: number) => unit.cpu.bytes.subarray(from, from + length)
  const enable = () => {
    write(RCC + 0x88, (1 << 17) | (1 << 28))
    write(RCC + 0x94, 1 << 2)
  }
  enable()
  return { unit, write, read, bytes, enable }
}

test('two keys and SRAMER erase a RAM, and nothing beside it; SRAMBUSY tells how long', () => {
  const { unit, write, read, bytes } = chip()
  for (const at of [0x2002_fff0, 0x2003_0000, 0x2003_fff0, 0x2004_0000]) bytes(at, 16).fill(0x5a)
  const [CR, ISR, ERKEYR] = [RAMCFG + 0x40, RAMCFG + 0x48, RAMCFG + 0x68]
  write(CR, 1 << 8)
  assert.deepEqual([read(CR), bytes(0x2003_0000, 1)[0]], [0, 0x5a], 'not without keys')
  write(ERKEYR, 0xca)
  write(ERKEYR, 0x00)
  write(ERKEYR, 0x53)
  write(CR, 1 << 8)
  assert.equal(bytes(0x2003_0000, 1)[0], 0x5a, 'not with another key between them')
  write(ERKEYR, 0xca)
  write(ERKEYR, 0x53)
  write(CR, 1 << 8)
  assert.equal(read(ISR) & 0x100, 0x100)
  unit.run(unit.cpu.cycles + 0x4000 - 1)
  assert.equal(read(ISR) & 0x100, 0x100)
  unit.run(unit.cpu.cycles + 1)
  assert.deepEqual([read(ISR), read(CR)], [0, 0])
  assert.ok(bytes(0x2003_0000, 0x1_0000).every((byte) => byte === 0))
  assert.deepEqual([bytes(0x2002_ffff, 1)[0], bytes(0x2004_0000, 1)[0]], [0x5a, 0x5a])
  write(CR, 1 << 8)
  assert.equal(read(ISR), 0, 'keys open it once')
})

test('ECC is switched off only behind its keys', () => {
  const { write, read } = chip()
  const [CR, ECCKEYR] = [RAMCFG + 0x80, RAMCFG + 0xa4]
  write(CR, 1)
  write(CR, 0)
  assert.equal(read(CR), 1)
  write(ECCKEYR, 0xae)
  write(ECCKEYR, 0x75)
  write(CR, 0)
  assert.equal(read(CR), 0)
})

test('the backup SRAM opens with DBP, keeps its content over a reset and loses it with the power', () => {
  const { unit, write, read, enable } = chip()
  write(BKPSRAM, 0x1234_5678)
  assert.equal(read(BKPSRAM), 0)
  write(PWR + 0x28, 1)
  write(BKPSRAM + 0x7fc, 0xcafe_f00d)
  assert.equal(read(BKPSRAM + 0x7fc), 0xcafe_f00d)
  unit.reset('software')
  enable()
  assert.equal(read(BKPSRAM + 0x7fc), 0xcafe_f00d)
  write(PWR + 0x28, 1)
  for (const value of [0xca, 0x53]) write(RAMCFG + 0x128, value)
  write(RAMCFG + 0x100, 1 << 8)
  assert.equal(read(BKPSRAM + 0x7fc), 0, 'erased')
  write(BKPSRAM, 1)
  unit.reset('power-on')
  enable()
  assert.equal(read(BKPSRAM), 0)
})
