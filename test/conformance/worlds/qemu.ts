/** Runs an image for two worlds on `qemu-system-arm -M mps2-an505`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Halves } from './build.ts'
import {
  ADDRESSES,
  BOOT_CODE,
  countBegun,
  NON_SECURE_CODE,
  packScripts,
  type Script,
  SECURE_CODE,
} from './layout.ts'

const TIME_LIMIT_MS = 60_000

/** As `WorldsMachine.run`. QEMU ends at a lock-up: it is started again for the scripts that follow. */
export function runOnQemu(halves: Halves, scripts: readonly Script[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-worlds-'))
  let output = ''
  try {
    for (let first = 0; first < scripts.length; ) {
      const text = runFrom(folder, halves, packScripts(scripts, first))
      output += text
      const begun = countBegun(output)
      if (begun <= first) throw new Error(`QEMU did not begin script ${first}: ${text}`)
      first = begun
    }
    return output
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function runFrom(folder: string, halves: Halves, scripts: Uint8Array): string {
  const parts = [
    { name: 'boot.bin', bytes: halves.boot, address: BOOT_CODE },
    { name: 'secure.bin', bytes: halves.secure, address: SECURE_CODE },
    { name: 'non-secure.bin', bytes: halves.nonSecure, address: NON_SECURE_CODE },
    { name: 'scripts.bin', bytes: scripts, address: ADDRESSES.SCRIPTS_ADDRESS },
  ]
  for (const { name, bytes } of parts) writeFileSync(join(folder, name), bytes)
  const { stderr, error } = spawnSync(
    'qemu-system-arm',
    [
      ...['-M', 'mps2-an505', '-cpu', 'cortex-m33', '-nodefaults', '-display', 'none'],
      // Exceptions are taken right behind the store that causes them.
      ...['-icount', 'shift=0,sleep=off'],
      ...['-semihosting-config', 'enable=on,target=native,userspace=on'],
      ...parts.flatMap(({ name, address }) => [
        '-device',
        `loader,file=${join(folder, name)},addr=0x${address.toString(16)},force-raw=on`,
      ]),
    ],
    { encoding: 'utf8', timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL' },
  )
  if (error) throw error
  return stderr.replace(/^.*nic lan9118.*\n/m, '').replace(/qemu: fatal: Lockup[\s\S]*/, 'lockup\n')
}
