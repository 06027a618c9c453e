/** Waveforms are what a logic analyser would have seen: sigrok decodes them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { application, load, sleepForever, str } from '../testing/thumb.ts'
import { runScenarioFile } from './run-files.ts'

const BAUD = 4_000_000 / 40
const set = (address: number, value: number) => [
  ...load(1, address),
  ...load(2, value),
  ...str(2, 1),
]
const [rcc, portB, portD] = [0x4602_0c00, 0x4202_0400, 0x4202_0c00]
const [usart2, i2c1, spi1] = [0x4000_4400, 0x4000_5400, 0x4001_3000]

/** At 4 MHz: `OK!` with even parity on PD5, a byte to 0x50 on PB8 and PB9, three on SPI1 in mode 3. */
const speaking = application(
  [
    ...[...set(rcc + 0x8c, 0x0a), ...set(rcc + 0x9c, (1 << 17) | (1 << 21))],
    ...[...set(rcc + 0xa4, 1 << 12), ...set(portD, 0xffff_fbff), ...set(portD + 0x20, 7 << 20)],
    ...[...set(portB, 0xfffa_febf), ...set(portB + 0x24, 0x44), ...set(usart2 + 0x0c, 40)],
    ...[...set(usart2, 0x2000_140d), ...set(usart2 + 0x28, 0x4f), ...set(usart2 + 0x28, 0x4b)],
    ...[...set(usart2 + 0x28, 0x21), ...set(i2c1 + 0x10, 0x0010_0d14), ...set(i2c1, 1)],
    ...[...set(i2c1 + 0x28, 0x5a), ...set(i2c1 + 4, 0x0201_20a0)],
    ...[...set(spi1 + 8, 0x1007_0007), ...set(spi1 + 12, 0x0740_0000), ...set(spi1 + 4, 3)],
    ...[...set(spi1, 0x1001), ...set(spi1 + 0x20, 0x0069_f09c), ...set(spi1, 0x1201)],
    ...sleepForever,
  ],
  [0xe7fe],
)

async function record(context: TestContext, waves: string, image = speaking) {
  const folder = temporaryFolder(context)
  const [app, path, vcd] = ['app.bin', 'test.yaml', 'waves.vcd'].map((name) => join(folder, name))
  writeFileSync(app!, image)
  writeFileSync(
    path!,
    `firmware: app.bin
board: { parts: { memory: { kind: eeprom, bus: I2C1 }, node: { kind: can, port: FDCAN1, rate: 500 kHz } } }
waves: ${waves}
steps:
  - at: 1 ms
    send: { USART2: "ping" }
  - wait: 2 ms
`,
  )
  const result = await runScenarioFile(path!, {
    ...{ seed: 1, timeoutMs: 60_000, isRecording: true },
    onEvent() {},
  })
  assert.equal(result.failure, undefined)
  writeFileSync(vcd!, result.waves)
  const decode = (decoder: string, annotations: string) =>
    execFileSync('sigrok-cli', [
      ...['-i', vcd!, '-I', 'vcd:downsample=20', '-P', decoder, '-A', annotations],
    ])
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.replace(/^[\w-]+: /, ''))
  return { text: result.waves, decode }
}

test('sigrok reads on the lines, and on the pins, what UART, I2C and SPI said', {
  skip: missing('sigrok-cli'),
}, async (context) => {
  const { decode } = await record(context, '[USART2, PD5, I2C1, PB8, PB9, SPI1]')
  const uart = `baudrate=${BAUD}:parity=even:format=ascii`
  for (const line of ['USART2_TX', 'PD5']) {
    assert.deepEqual(decode(`uart:rx=${line}:${uart}`, 'uart=rx-data'), ['O', 'K', '!'], line)
  }
  assert.deepEqual(decode(`uart:rx=USART2_RX:${uart}`, 'uart=rx-data'), [...'ping'])
  for (const [scl, sda] of [
    ['I2C1_SCL', 'I2C1_SDA'],
    ['PB8', 'PB9'],
  ]) {
    const said = decode(`i2c:scl=${scl}:sda=${sda}`, 'i2c=start:address-write:data-write:ack:stop')
    const whole = ['Start', 'Write', 'Address write: 50', 'ACK', 'Data write: 5A', 'ACK', 'Stop']
    assert.deepEqual(said, whole, scl)
  }
  const said = decode('spi:clk=SPI1_SCK:mosi=SPI1_MOSI:cpol=1:cpha=1', 'spi=mosi-data')
  assert.deepEqual(said, ['9C', 'F0', '69'])
})

/** `123#AA` and `00000055#` on FDCAN1 at 500 kHz. */
const canSpeaking = application(
  [
    ...[...set(rcc, 0x1_0035), ...set(rcc + 0x8c, 8), ...set(rcc + 0xa0, 1 << 9)],
    ...[...set(portD, 0xffff_fffa), ...set(portD + 0x20, 0x99), ...set(0x4000_a418, 3)],
    ...[...set(0x4000_a41c, 0x0a00_1805), ...set(0x4000_a418, 0)],
    ...[...set(0x4000_ae78, 0x123 << 18), ...set(0x4000_ae7c, 1 << 16), ...set(0x4000_ae80, 0xaa)],
    ...[...set(0x4000_aec0, 0x4000_0055), ...set(0x4000_aec4, 0), ...set(0x4000_a4cc, 3)],
    ...sleepForever,
  ],
  [0xe7fe],
)

test('sigrok reads the frames of a CAN bus', { skip: missing('sigrok-cli') }, async (context) => {
  const { decode } = await record(context, '[FDCAN1]', canSpeaking)
  for (const line of ['FDCAN1_TX', 'FDCAN1_RX']) {
    const said = decode(`can:can_rx=${line}:nominal_bitrate=500000`, 'can=id:ext-id:full-id:data')
    const text = said.join(' ')
    assert.match(text, /Identifier: 291 \(0x123\).*Data byte 0: 0xaa.*0x55/, `${line}: ${text}`)
  }
})

test('a start bit falls, and bits end, at their nanosecond', async (context) => {
  const { text } = await record(context, '[USART2]')
  let ns = 0
  const edges = text.split('\n').flatMap((line) => {
    if (line.startsWith('#')) ns = Number(line.slice(1))
    return /^[01]!$/.test(line) && ns > 0 ? [ns] : []
  })
  // Of `O` with its parity, least bit first: 0 1111 00 1 0 1 1.
  const fromStart = edges.slice(0, 6).map((at) => at - edges[0]!)
  assert.deepEqual(fromStart, [0, 10_000, 50_000, 70_000, 80_000, 90_000])
})

test('byte by byte, for viewers that decode nothing', async (context) => {
  const { text } = await record(context, '["I2C1:bytes", "USART2:bytes"]')
  const bytes = text.split('\n').flatMap((line) => /^b([01]+) /.exec(line)?.[1] ?? [])
  const seen = new Set(bytes.map((bits) => Number.parseInt(bits, 2)))
  for (const byte of [0xa0, 0x5a, 0x4f, 0x4b, 0x21]) assert.ok(seen.has(byte), byte.toString(16))
})
