import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { writeLaunchFile } from './launch-file.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launch-'))
  mkdirSync(join(folder, '.vscode'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = () => join(folder, '.vscode', 'launch.json')
const write = (svd?: string) =>
  writeLaunchFile(folder, {
    elf: join(folder, 'build/app.elf'),
    host: 'localhost',
    port: 8001,
    gdb: 'my-gdb',
    svd,
  })
const content = () => JSON.parse(readFileSync(file(), 'utf8'))

test('each extension is told what its package.json asks for', async () => {
  rmSync(join(folder, '.vscode'), { recursive: true })
  assert.equal(await write(join(folder, 'chip.svd')), file())
  const workspace = '$' + '{workspaceFolder}'
  const sources = `set substitute-path "app" "${workspace}"`
  const reset = ['monitor reset', 'maintenance flush register-cache']
  assert.deepEqual(content(), {
    version: '0.2.0',
    configurations: [
      {
        name: 'microvisor (Cortex-Debug)',
        type: 'cortex-debug',
        request: 'attach',
        cwd: workspace,
        executable: `${workspace}/build/app.elf`,
        servertype: 'external',
        gdbTarget: 'localhost:8001',
        gdbPath: 'my-gdb',
        debuggerArgs: ['-l', '30', '-ex', sources],
        overrideResetCommands: reset,
        runToEntryPoint: 'main',
        svdFile: `${workspace}/chip.svd`,
      },
      {
        name: 'microvisor (Native Debug)',
        type: 'gdb',
        request: 'attach',
        cwd: workspace,
        executable: `${workspace}/build/app.elf`,
        remote: true,
        target: 'localhost:8001',
        gdbpath: 'my-gdb',
        debugger_args: ['-l', '30', '-ex', 'set mi-async on', '-ex', sources, '--nx'],
        stopAtConnect: true,
        valuesFormatting: 'parseText',
      },
      {
        name: 'microvisor (CDT GDB)',
        type: 'gdbtarget',
        request: 'attach',
        cwd: workspace,
        program: `${workspace}/build/app.elf`,
        gdb: 'my-gdb',
        gdbArguments: ['-l', '30'],
        target: { type: 'remote', host: 'localhost', port: '8001' },
        preConnectCommands: [sources, 'set filename-display absolute'],
        customResetCommands: reset,
        definitionPath: `${workspace}/chip.svd`,
      },
    ],
  })
})

test("the chip's registers are those of the repository unless told otherwise", async () => {
  await write()
  const [{ svdFile }] = content().configurations
  assert.match(svdFile, /docs\/reference\/stm32u585\.svd$/)
  assert.match(readFileSync(svdFile, 'utf8'), /<name>STM32U585<\/name>/)
})

test('what else stands in the file stays; a second time changes nothing', async () => {
  const others = {
    version: '0.2.0',
    inputs: [{ id: 'x' }],
    configurations: [{ name: 'mine', type: 'node' }, null],
    compounds: [{ name: 'all', configurations: ['mine'] }],
  }
  writeFileSync(file(), JSON.stringify(others))
  await write()
  const once = content()
  assert.deepEqual({ ...once, configurations: once.configurations.slice(0, 2) }, others)
  assert.equal(once.configurations.length, 5)
  await write()
  assert.deepEqual(content(), once)
})

for (const [why, text] of [
  ['comments', '{\n  // mine\n  "version": "0.2.0"\n}\n'],
  ['a comma too many', '{ "configurations": [], }'],
  ['a list', '[]'],
  ['configurations that are none', '{ "configurations": {} }'],
  ['nothing', ''],
] as const) {
  test(`a file with ${why} is refused and left as it is`, async () => {
    writeFileSync(file(), text)
    await assert.rejects(write(), { code: 'LAUNCH_FILE_UNREADABLE' })
    assert.equal(readFileSync(file(), 'utf8'), text)
  })
}
