/** Runs a test image on `qemu-system-arm -M mps2-an505`. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Harness, SECURE_CODE } from './assemble.ts'
import { type Image, type Results, readResults } from './image.ts'
import { CODE, RAM } from './layout.ts'

const PROGRAM = 'qemu-system-arm'
/** A whole image takes about two seconds; a wild one may loop for ever. */
const TIME_LIMIT_MS = 60_000

export async function runOnQemu(harness: Harness, image: Image): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-qemu-'))
  try {
    const parts = [
      { name: 'secure.bin', bytes: harness.secure, address: SECURE_CODE },
      { name: 'code.bin', bytes: image.code, address: CODE },
      { name: 'ram.bin', bytes: image.ram, address: RAM },
    ]
    for (const { name, bytes } of parts) writeFileSync(join(folder, name), bytes)
    await run(folder, [
      ...['-M', 'mps2-an505', '-cpu', 'cortex-m33', '-nodefaults', '-display', 'none'],
      ...['-semihosting-config', 'enable=on,target=native'],
      ...parts.flatMap(({ name, address }) => [
        '-device',
        `loader,file=${name},addr=0x${address.toString(16)},force-raw=on`,
      ]),
    ])
    return readResults(new Uint8Array(readFileSync(join(folder, 'results.bin'))), image)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(folder: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, args, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    })
    let complaints = ''
    child.stderr.on('data', (text) => {
      complaints += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`QEMU ended with ${code ?? signal}: ${complaints}`))
    })
  })
}
