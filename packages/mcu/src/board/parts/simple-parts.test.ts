import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'

test('a button drives its level, and bounces before it rests', () => {
  const unit = new PartBench('button', { pin: 'PA0', pressed: 'low', bounce: 0.01 })
  assert.equal(unit.driven.get('PA0'), true)
  unit.part.set!('pressed', true)
  const seen: unknown[] = []
  for (let i = 0; i < 100; i++) {
    unit.pass(0.0002)
    if (unit.driven.get('PA0') !== seen.at(-1)) seen.push(unit.driven.get('PA0'))
  }
  assert.ok(seen.length >= 3, `${seen}`)
  assert.equal(seen.at(-1), false)
})

test('a light that is switched fast is as bright as its duty cycle', () => {
  const unit = new PartBench('led', { pin: 'PA5' })
  const brightness = () => unit.part.readings!().brightness as number
  for (let period = 0; period < 10; period++) {
    unit.level('PA5', true)
    unit.pass(0.00025)
    unit.level('PA5', false)
    unit.pass(0.00075)
  }
  assert.ok(Math.abs(brightness() - 0.25) < 1e-9, `${brightness()}`)
  unit.pass(1)
  assert.equal(brightness(), 0)
  unit.level('PA5', true)
  unit.pass(1)
  assert.equal(brightness(), 1)
})

test('three lights make a colour', () => {
  const unit = new PartBench('rgb-led', { red: 'PE3', green: 'PE5', blue: 'PE6' })
  unit.level('PE5', true)
  assert.deepEqual(unit.part.picture!(), { kind: 'rgb', red: 0, green: 1, blue: 0 })
})

test('a potentiometer divides its supply', () => {
  const unit = new PartBench('potentiometer', { pin: 'PA0' })
  assert.ok(Math.abs(unit.volts.get('PA0')! - 1.65) < 1e-9)
  unit.part.set!('position', 100)
  assert.ok(Math.abs(unit.volts.get('PA0')! - 3.3) < 1e-9)
})

test('a GNSS receiver sends sentences with their checksums each second', () => {
  const unit = new PartBench('gnss', { port: 'USART1' })
  unit.pass(1.5)
  unit.part.set!('fix', false)
  unit.pass(1)
  const text = String.fromCharCode(...unit.heard)
  const lines = text.split('\r\n').filter(Boolean)
  assert.equal(lines.length, 4)
  assert.match(
    lines[0]!,
    /^\$GNGGA,000001\.00,5231\.20000,N,01324\.30000,E,1,09,0\.9,34\.0,M,0\.0,M,,\*[0-9A-F]{2}$/,
  )
  assert.match(lines[1]!, /^\$GNRMC,000001\.00,A,.*,010126,,,A\*/)
  assert.match(lines[2]!, /,0,00,99\.99,,,,,,\*/)
  for (const line of lines) {
    const [, body = '', sum] = /^\$(.*)\*(..)$/.exec(line)!
    const computed = [...body].reduce((x, char) => x ^ char.charCodeAt(0), 0)
    assert.equal(computed.toString(16).toUpperCase().padStart(2, '0'), sum)
  }
})

test('register devices keep what is written, on I2C and on SPI', () => {
  const registers = new Map([[0x0f, 0xab]])
  const i2c = new PartBench('i2c-registers', { address: 0x20, registers })
  assert.deepEqual(i2c.read(0x20, [0x0e], 3), [0, 0xab, 0])
  i2c.write(0x20, 0x30, 1, 2)
  assert.deepEqual(i2c.read(0x20, [0x30], 2), [1, 2])
  assert.equal(i2c.part.readings!().written, '30=01 31=02')
  const { spi, part } = new PartBench('spi-registers', { select: 'PA4', registers })
  const transfer = (...bytes: number[]) => {
    spi!.select(true)
    const answer = bytes.map((byte) => spi!.exchange(byte))
    spi!.select(false)
    return answer
  }
  assert.deepEqual(transfer(0x8f, 0, 0), [0xff, 0xab, 0])
  transfer(0x20, 0x55, 0x66)
  assert.deepEqual(transfer(0xa0, 0, 0).slice(1), [0x55, 0x66])
  part.powerUp!()
  assert.deepEqual(transfer(0xa0, 0).slice(1), [0])
})

test('a serial line keeps what it hears', () => {
  const unit = new PartBench('serial', { port: 'USART1' })
  for (const char of 'hi\n') unit.hear(char.charCodeAt(0))
  assert.equal(unit.part.readings!().text, 'hi\n')
})
