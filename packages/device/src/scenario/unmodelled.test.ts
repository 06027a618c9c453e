/** The report of what a firmware used and the model lacks, for a firmware with symbols. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { formatJUnit, formatResult, resultAsJson } from './reports.ts'
import { runScenarioFile } from './run-files.ts'

const source = `
typedef volatile unsigned reg;
#define AT(address) (*(reg *)(address))
__attribute__((noinline)) void camera_start(void)
{
	AT(0x46020c8c) = 1 << 12; /* RCC_AHB2ENR1: DCMI */
	for (int i = 0; i < 3; i++)
		AT(0x4202c000) = 0x4000;
}
__attribute__((noinline)) unsigned lin_start(void)
{
	AT(0x46020c9c) = 1 << 17; /* RCC_APB1ENR1: USART2 */
	AT(0x40004404) = 1 << 14; /* LINEN */
	return AT(0x4202c004);
}
void start(void)
{
	camera_start();
	lin_start();
	for (;;)
		__asm__("wfi");
}
__attribute__((section(".vectors"), used)) void *const vectors[16] = { (void *)0x20010000, start };
`
const script = 'SECTIONS { .text 0x08000000 : { KEEP(*(.vectors)) *(.text*) } }'

test('what is not modelled is told by register and function, everywhere', {
  skip: missing('arm-none-eabi-gcc'),
}, async (context) => {
  const folder = temporaryFolder(context)
  const [c, ld, elf, path] = ['app.c', 'app.ld', 'app.elf', 't.yaml'].map((f) => join(folder, f))
  writeFileSync(c!, source)
  writeFileSync(ld!, script)
  const target = ['-mcpu=cortex-m33', '-mthumb', '-O1', '-nostdlib', '-ffreestanding']
  const linking = ['-Wl,--no-warn-rwx-segments', '-Wl,-estart', '-T', ld!, '-o', elf!]
  execFileSync('arm-none-eabi-gcc', [...target, ...linking, c!])
  const run = (steps: string) => {
    writeFileSync(path!, `firmware: app.elf\nsteps:\n  - wait: 1 ms\n${steps}`)
    const options = { seed: 1, timeoutMs: 60_000, isRecording: false, onEvent() {} }
    return runScenarioFile(path!, options)
  }

  const passing = await run(
    '  - expect: { unmodelled: { DCMI: 4, DCMI.CR: 3, USART2.CR2.LINEN: 1, SAI1: 0 } }\n',
  )
  assert.equal(passing.failure, undefined)
  const uses = passing.unmodelledUses.map((use) => [
    ...[use.peripheral, use.register, use.direction, use.count, use.function],
  ])
  assert.deepEqual(uses, [
    ['DCMI', 'CR', 'write', 3, 'camera_start'],
    ['USART2', 'CR2.LINEN', 'write', 1, 'lin_start'],
    ['DCMI', 'SR', 'read', 1, 'lin_start'],
  ])
  const line =
    /3 × write to DCMI\.CR in camera_start \(0x0800_00[0-9a-f]{2}\), last value 0x0000_4000: /
  assert.match(formatResult(passing, folder), line)
  assert.match(formatResult(passing, folder), /not modelled, used 5 times/)
  assert.match(formatJUnit([passing]), line)
  assert.match(formatJUnit([passing]), /<property name="unmodelled" value="5"\/>/)
  assert.deepEqual(resultAsJson(passing).unmodelledUses, passing.unmodelledUses)

  const failing = await run('  - expect: { unmodelled: 0 }\n    within: 1 ms\n')
  assert.match(failing.failure!, /unmodelled 0: saw 5, the first 3 × write to DCMI\.CR in camera_/)
})
