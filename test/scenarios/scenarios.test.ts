/** Runs every scenario here; proves that the firmwares are what their sources give, and the gallery what the scenarios draw. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { formatEvent, formatResult, type ScenarioResult } from '@microvisor/device'
import { buildFirmware, type FirmwareName, firmwares } from '../../tools/firmware.ts'
import {
  galleryFolder,
  galleryOf,
  galleryPage,
  runOne,
  scenarioFiles,
} from '../../tools/gallery.ts'
import { missing } from '../../tools/programs.ts'

const root = join(import.meta.dirname, '../..')
/** The scenario that is run twice. */
const repeated = 'rtos.yaml'
const renew = 'Run `node tools/gallery.ts` and look at what changes.'

test('the scenarios pass, draw what the gallery shows, and repeat byte for byte', async (context) => {
  const results: ScenarioResult[] = []
  for (const path of scenarioFiles()) {
    await context.test(basename(path), async () => {
      const result = await runOne(path, path.endsWith(repeated))
      results.push(result)
      const story = result.events.map(formatEvent).join('\n')
      assert.ok(result.isPassed, `${formatResult(result, root)}\n${story}`)
      for (const [name, bytes] of galleryOf(result)) {
        const shown = readFileSync(join(galleryFolder, name))
        assert.ok(
          shown.equals(bytes),
          `docs/gallery/${name} is not what the scenario draws. ${renew}`,
        )
      }
    })
  }
  const page = readFileSync(join(galleryFolder, 'README.md'), 'utf8')
  assert.equal(page, galleryPage(results), renew)
  const first = results.find(({ file }) => file.endsWith(repeated))!
  const again = await runOne(first.file, true)
  assert.equal(JSON.stringify(again), JSON.stringify(first))
})

test('the prebuilt firmwares are what their sources give', {
  skip: missing('arm-none-eabi-gcc'),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-firmware-'))
  try {
    for (const name of Object.keys(firmwares) as FirmwareName[]) {
      buildFirmware(root, name, folder)
      const built = readFileSync(join(folder, `${name}.elf`))
      const kept = readFileSync(join(root, 'test/firmware/prebuilt', `${name}.elf`))
      assert.ok(built.equals(kept), `${name}: run \`node tools/firmware.ts\`.`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
