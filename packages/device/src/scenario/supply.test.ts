/** Supplies that sag and crystals that stop, as a firmware without an operating system meets them. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { application, handler, load, sleepForever, str } from '../testing/thumb.ts'
import { formatEvent } from './reports.ts'
import { runScenarioFile } from './run-files.ts'

const set = (address: number, value: number) => [
  ...load(1, address),
  ...load(2, value),
  ...str(2, 1),
]
const [rcc, pwr, exti, nvic] = [0x4602_0c00, 0x4602_0800, 0x4602_2000, 0xe000_e100]

/**
 * Watches VDD (PVD at 2.8 V, EXTI line 16) and runs from HSE under its clock security system. Every
 * exception adds one to the word at 0x2000_0004 and clears what may have caused it.
 */
const careful = application(
  [
    ...[...set(0x2000_0004, 0), ...set(rcc + 0x94, 0x4), ...set(pwr + 0x10, 0xb0)],
    ...[...set(exti, 1 << 16), ...set(exti + 0x80, 1 << 16), ...set(nvic, 1 << 1)],
    ...[...set(rcc, 0x9_0035), ...set(rcc + 0x1c, 2), ...set(0x2000_0000, 0x600d)],
    ...sleepForever,
  ],
  handler([
    ...[...load(1, 0x2000_0004), 0x680a, 0x3201, 0x600a],
    ...[...set(exti + 0x0c, 1 << 16), ...set(rcc + 0x58, 1 << 10)],
  ]),
)

async function run(context: TestContext, steps: string) {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'app.bin'), careful)
  const path = join(folder, 'test.yaml')
  writeFileSync(path, `firmware: app.bin\nsteps:\n${steps}`)
  const options = { seed: 1, timeoutMs: 60_000, isRecording: false, onEvent() {} }
  const result = await runScenarioFile(path, options)
  assert.equal(result.failure, undefined, result.events.map(formatEvent).join('\n'))
  return result
}

test('a supply that sags is told by PVD once, at its level', async (context) => {
  await run(
    context,
    `  - expect: { memory: { 0x20000000: 0x600d, 0x20000004: 0 } }
  - supply: 2.9 V
  - wait: 1 ms
  - expect: { memory: { 0x20000004: 0 } }
  - supply: 2.7 V
  - expect: { memory: { 0x20000004: 1 } }
  - supply: 3.3 V
  - wait: 1 ms
  - supply: 2.7 V
  - expect: { memory: { 0x20000004: 2 } }
`,
  )
})

test('a brown-out resets the chip when the supply is back, and says so', async (context) => {
  const { events } = await run(
    context,
    `  - wait: 1 ms
  - supply: 1.5 V
  - wait: 10 ms
  - expect: { no log: "x", memory: { 0x20000000: 0x600d } }
  - supply: 3.3 V
  - expect: { start: "^brown-out$" }
  - supply: 1 V
  - power: off
  - power: on
  - expect: { start: "^power-on$" }
`,
  )
  const starts = events.filter(({ kind }) => kind === 'start').map(({ text }) => text)
  assert.deepEqual(starts, ['power-on', 'brown-out', 'power-on'])
})

test('a crystal that stops is an NMI under the clock security system', async (context) => {
  await run(
    context,
    `  - expect: { memory: { 0x20000000: 0x600d, 0x20000004: 0 } }
  - crystal: { hse: fails }
  - expect: { memory: { 0x20000004: 1 } }
  - crystal: { hse: works }
  - expect: { faults: 0 }
`,
  )
})
