/**
 * Builds the test firmwares: `node tools/firmware.ts` renews test/firmware/prebuilt. The prebuilt
 * files are there for scenarios that run with nothing but Node; a test proves that they are what the
 * sources give.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** By name: the sources beside common/startup.c. */
export const firmwares = {
  rtos: ['main.c', 'kernel.c', 'drivers.c'],
  'sensor-node': ['main.c', 'sensors.c'],
} as const
export type FirmwareName = keyof typeof firmwares

const FLAGS = [
  ...['-mcpu=cortex-m33', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16', '-O2', '-g'],
  ...['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-ffunction-sections', '-nostartfiles'],
  ...['--specs=nano.specs', '-Wl,--gc-sections', '-Wl,--build-id=none'],
]

/** Builds one firmware of the tree at `root` as NAME.elf, without debug information, in `into`. */
export function buildFirmware(root: string, name: FirmwareName, into: string): void {
  const folder = join(root, 'test/firmware')
  const output = join(into, `${name}.elf`)
  const sources = ['common/startup.c', ...firmwares[name].map((file) => `${name}/${file}`)]
  const args = [...FLAGS, '-T', 'common/chip.ld', ...sources, '-o', output]
  execFileSync('arm-none-eabi-gcc', args, { cwd: folder, stdio: 'pipe' })
  execFileSync('arm-none-eabi-strip', ['--strip-debug', output])
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  for (const name of Object.keys(firmwares) as FirmwareName[]) {
    buildFirmware(root, name, join(root, 'test/firmware/prebuilt'))
  }
}
