import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Picture } from '@microvisor/mcu'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { application, load, str } from '../testing/thumb.ts'
import { openLiveBoard } from './live-board.ts'
import { boardLines } from './terminal.ts'

const set = (address: number, value: number) => [
  ...load(1, address),
  ...load(2, value),
  ...str(2, 1),
]

/** USART1 on PA9 and PA10; every byte that comes goes back. LED on. */
const echo = application([
  ...[...set(0x4602_0c8c, 1), ...set(0x4602_0ca4, 1 << 14), ...set(0x4202_0024, 0x770)],
  ...[...set(0x4202_0000, 0xabeb_f7ff), ...set(0x4202_0018, 1 << 5)],
  ...[...set(0x4001_380c, 35), ...set(0x4001_3800, 0x0d), ...load(1, 0x4001_3800)],
  // Until ISR.RXNE: ldr r2, [r1, #28]; lsls r2, #26; bpl -2; then RDR to TDR, again.
  ...[0x69ca, 0x0692, 0xd5fc, 0x6a4a, 0x628a, 0xe7f9],
])

test('a live board shows its lights, takes its controls, and links a serial line to a socket', async (context) => {
  const folder = temporaryFolder(context)
  const [firmware, board] = [join(folder, 'echo.bin'), join(folder, 'board.yaml')]
  writeFileSync(firmware, echo)
  writeFileSync(
    board,
    `parts:
  line: { kind: serial, port: USART1, link: "tcp:127.0.0.1:0" }
  room: { kind: mcp9808, bus: I2C1, temperature: 31 C }
`,
  )
  const told: string[] = []
  const live = await openLiveBoard({
    ...{ firmware, board, isMicrovisor: false },
    line: (source, text) => told.push(`${source} ${text}`),
  })
  context.after(() => live.stop())
  const place = told
    .find((line) => line.startsWith('link'))!
    .split(':')
    .at(-1)
  live.start()
  const socket = connect(Number(place), '127.0.0.1')
  context.after(() => socket.destroy())
  await once(socket, 'connect')
  let heard = ''
  socket.on('data', (bytes) => {
    heard += bytes.toString()
  })
  const deadline = performance.now() + 60_000
  // Again, because a receiver that is not switched on yet hears nothing.
  while (!heard.includes('hello') && performance.now() < deadline) {
    socket.write('hello')
    await new Promise((r) => setTimeout(r, 100))
  }
  assert.match(heard, /hello/, told.join('\n'))
  const room = live.controls.find(({ part }) => part === 'room')
  assert.equal(room?.value, 31, 'as the board file says')
  const button = live.controls.find(({ part }) => part === 'button')!
  live.set(button, true)
  const lines = boardLines(live.picture(), { hasColours: false }).join('\n')
  assert.match(lines, /^user-led +● 100 %$/m)
  assert.match(lines, /^button +\[■\] pressed$/m)
  assert.match(lines, /^line .*hello/m)
})

test('digits and pixels are drawn with characters', () => {
  const segments: Picture = {
    ...{ digits: [0x06, 0x5b, 0x80], style: '7-segment', hasColon: false },
    ...{ kind: 'segments', brightness: 1, text: '12.' },
  }
  const dots = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 1])
  const pixels: Picture = { kind: 'pixels', width: 2, height: 4, pixels: dots, brightness: 1 }
  const parts = [segments, pixels].map((picture) => ({ name: 'x', title: '', picture }))
  const lines = boardLines({ board: 'b', seconds: 1, parts }, { hasColours: false }).slice(2)
  const at = (i: number) => lines[i]!.slice(14)
  assert.deepEqual([at(0), at(1), at(2)], ['      _       ', '  |   _|      ', '  |  |_      .'])
  assert.deepEqual([at(3), at(4), at(5)], ['┌─┐', '│⢁│', '└─┘'])
})
