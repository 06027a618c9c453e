/**
 * What RM0456 says of secure hide protection, write protection and readout protection, seen by the
 * secure side, by secure machine code and by a DMA master.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stm32u585 } from './chip.ts'
import { CFSR } from './cpu/faults.ts'
import { FLASH, Machine, RAM } from './cpu/testing/machine.ts'
import { OTP_BYTES } from './flash.ts'
import { BusError, encodeOptionBytes, OPTION_BYTES, OptionBytes, RDP } from './option-bytes.ts'
import { Supply } from './power.ts'

const BOOT = 0x10_0000
const closed = { readoutProtection: RDP.level2, isTrustZoneOn: true, bootPages: 4 }

function chip(settings: Parameters<typeof encodeOptionBytes>[0] = closed) {
  return new Stm32u585({
    supply: new Supply(),
    otp: new Uint8Array(OTP_BYTES).fill(0xff),
    optionBytes: encodeOptionBytes(settings),
    uniqueId: new Uint8Array(12),
    hasSecureSide: true,
    kernelPins: [],
    events: { internalFlashChanged() {}, otpChanged() {}, pin() {}, serial() {} },
  })
}

test('option bytes say which pages can be hidden and are never written', () => {
  const { optionBytes } = chip()
  assert.deepEqual(optionBytes.hideable, { offset: BOOT, size: 0x8000 })
  assert.deepEqual(optionBytes.writeProtected, { offset: BOOT, size: 0x8000 })
  assert.equal(optionBytes.isTrustZoneOn, true)
  assert.equal(optionBytes.isDebugPortOpen, false)
  const open = chip({ readoutProtection: RDP.level0, isTrustZoneOn: true, bootPages: 0 })
  assert.equal(open.optionBytes.hideable, undefined)
  assert.equal(open.optionBytes.writeProtected, undefined)
  assert.equal(open.optionBytes.isDebugPortOpen, true)
})

test('write-protected pages are neither erased nor programmed, whoever asks', () => {
  const { internalFlash } = chip()
  const unit = new Uint8Array(16)
  for (const offset of [BOOT, BOOT + 0x6000]) {
    assert.equal(internalFlash.erase(offset), 'WRPERR')
    assert.equal(internalFlash.program(offset, unit), 'WRPERR')
  }
  assert.equal(internalFlash.erase(BOOT + 0x8000), undefined)
  assert.equal(internalFlash.program(BOOT - 16, unit), undefined)
})

test('what is hidden cannot be read until the next reset, not even by the secure side', () => {
  const unit = chip()
  unit.flashBytes.set([1, 2, 3], BOOT)
  const into = new Uint8Array(3)
  unit.internalFlash.read(BOOT, into)
  assert.deepEqual([...into], [1, 2, 3])
  unit.optionBytes.hide()
  assert.equal(unit.optionBytes.isHidden, true)
  for (const at of [BOOT, BOOT + 0x7ffd, BOOT - 2])
    assert.throws(() => unit.internalFlash.read(at, new Uint8Array(3)), BusError, `${at}`)
  unit.internalFlash.read(BOOT + 0x8000, into)
  unit.internalFlash.read(BOOT - 3, into)
  unit.reset('software')
  unit.internalFlash.read(BOOT, into)
  assert.deepEqual([...into], [1, 2, 3])
})

test('secure machine code that reads, writes or enters hidden memory gets a bus error', () => {
  // LDR r0, [r1]; STR r0, [r1]; BX r1, each followed by a branch to itself.
  const cases = [
    { code: 0x6808, cfsr: CFSR.PRECISERR | CFSR.BFARVALID },
    { code: 0x6008, cfsr: CFSR.PRECISERR | CFSR.BFARVALID },
    { code: 0x4708, cfsr: CFSR.IBUSERR },
  ]
  for (const { code, cfsr } of cases) {
    for (const isHidden of [false, true]) {
      const machine = secureCode([code, 0xe7fe])
      machine.write(FLASH + BOOT, [0xe7fe])
      // Once before, so that nothing that was remembered lets it pass.
      if (isHidden && code === 0x6808) machine.run(4)
      machine.cpu.set('pc', FLASH + 0x1000)
      machine.hidden = isHidden ? { start: FLASH + BOOT, end: FLASH + BOOT + 0x8000 } : undefined
      machine.cpu.attributionChanged()
      machine.cpu.set('r1', FLASH + BOOT + 1 * Number(code === 0x4708))
      machine.run(20)
      const seen = machine.cpu.readPrivate(0xe000_ed28, true)
      const expected = isHidden ? cfsr : code === 0x6008 ? CFSR.PRECISERR | CFSR.BFARVALID : 0
      assert.equal(seen, expected >>> 0, `${code.toString(16)} ${isHidden}`)
    }
  }
})

function secureCode(code: readonly number[]): Machine {
  const machine = new Machine('secure')
  for (let number = 2; number < 16; number++) machine.writeWord(FLASH + number * 4, FLASH + 0x2001)
  machine.write(FLASH + 0x2000, [0xe7fe])
  machine.write(FLASH + 0x1000, code)
  machine.writeWord(FLASH, RAM + 0x400)
  machine.writeWord(FLASH + 4, FLASH + 0x1001)
  machine.cpu.reset()
  machine.cpu.set('r1', FLASH + BOOT)
  return machine
}

test('option bytes change until readout protection level 2, and never after', () => {
  const bytes = encodeOptionBytes({ ...closed, readoutProtection: RDP.level0 })
  let changes = 0
  const options = new OptionBytes({ bytes, onChange: () => changes++, onHide() {} })
  assert.equal(options.program(encodeOptionBytes(closed)), undefined)
  assert.equal(options.readoutProtection, RDP.level2)
  const open = encodeOptionBytes({ ...closed, readoutProtection: RDP.level0 })
  assert.equal(options.program(open), 'OPTWERR')
  assert.equal(options.readoutProtection, RDP.level2)
  assert.equal(changes, 1)
  assert.equal(bytes.length, OPTION_BYTES)
})
