import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Board } from './board.ts'
import { EXTERNAL_FLASH_BYTES, OTP_BYTES } from './flash.ts'
import { Supply } from './power.ts'

function board() {
  const seen: string[] = []
  const unit = new Board({
    supply: new Supply(),
    hasSecureSide: true,
    externalFlash: new Uint8Array(EXTERNAL_FLASH_BYTES).fill(0xff),
    otp: new Uint8Array(OTP_BYTES).fill(0xff),
    uniqueId: new Uint8Array(12),
    events: {
      internalFlashChanged: (offset, length) => seen.push(`internal ${offset} ${length}`),
      externalFlashChanged: (offset, length) => seen.push(`external ${offset} ${length}`),
      otpChanged: (offset, length) => seen.push(`otp ${offset} ${length}`),
      userLed: (isLit) => seen.push(`user ${isLit}`),
      systemLed: ({ red, green, blue }) =>
        seen.push(`system ${[red, green, blue].map(Number).join('')}`),
      logByte: (byte) => seen.push(`log ${byte}`),
    },
  })
  /** A secure write, which no attribution stops. */
  const poke = (address: number, value: number) => unit.chip.writeSecure(address, value)
  return { unit, seen, poke }
}

const RCC = 0x4602_0c00
const GPIOA = 0x4202_0000
const GPIOC = 0x4202_0800
const GPIOD = 0x4202_0c00
const USART2 = 0x4000_4400

test('the user LED follows PA5, once its port has a clock', () => {
  const { unit, seen, poke } = board()
  poke(GPIOA, 0xabff_f7ff)
  poke(GPIOA + 0x18, 1 << 5)
  assert.equal(unit.userLed, false, 'no clock: the write is lost')
  poke(RCC + 0x8c, 1)
  poke(GPIOA, 0xabff_f7ff)
  poke(GPIOA + 0x18, 1 << 5)
  poke(GPIOA + 0x28, 1 << 5)
  assert.deepEqual(seen, ['user true', 'user false'])
})

test('the system LED changes colour in one step', () => {
  const { unit, seen } = board()
  for (let bits = 7; bits >= 0; bits--) {
    const colour = { red: (bits & 4) > 0, green: (bits & 2) > 0, blue: (bits & 1) > 0 }
    unit.setSystemLed(colour)
    unit.setSystemLed(colour)
    assert.deepEqual(unit.systemLed, colour)
  }
  assert.deepEqual(
    seen,
    [7, 6, 5, 4, 3, 2, 1, 0].map((bits) => `system ${bits.toString(2).padStart(3, '0')}`),
  )
})

test('the button is high on PC13 while pressed', () => {
  const { unit, poke } = board()
  poke(RCC + 0x8c, 1 << 2)
  poke(GPIOC, 0)
  for (const isPressed of [true, false]) {
    unit.press(isPressed)
    assert.equal(unit.chip.readSecure(GPIOC + 0x10), isPressed ? 1 << 13 : 0)
  }
})

test('what USART2 sends comes out only where PD5 is switched to it', () => {
  const { unit, seen, poke } = board()
  poke(RCC + 0x8c, 1 << 3)
  poke(RCC + 0x9c, 1 << 17)
  poke(USART2 + 0x0c, 35)
  poke(USART2, 0x9)
  const send = (byte: number) => {
    poke(USART2 + 0x28, byte)
    unit.chip.run(unit.chip.cpu.cycles + 350)
  }
  send(0x41)
  poke(GPIOD, 0xffff_fbff)
  poke(GPIOD + 0x20, 7 << 20)
  send(0x42)
  assert.deepEqual(seen, ['log 66'])
})

test('each memory tells its own changes', () => {
  const { unit, seen } = board()
  const quadWord = new Uint8Array(16)
  unit.chip.internalFlash.program(0x2000, quadWord)
  unit.chip.internalFlash.erase(0x2000)
  unit.externalFlash.program(0x1000, quadWord)
  unit.chip.otp.program(16, quadWord)
  assert.deepEqual(seen, [
    'internal 8192 16',
    'internal 8192 8192',
    'external 4096 16',
    'otp 16 16',
  ])
})
