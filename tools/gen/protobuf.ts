/** The code of the .proto files, by buf and protoc-gen-es of this repository: no network. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const into = 'packages/protocol/src/generated'

/** JavaScript with declarations rather than TypeScript: the TypeScript form has enums, which do not erase. */
const options = ['target=js+dts', 'import_extension=js']

export function makeProtobuf(): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-gen-'))
  try {
    const template = {
      version: 'v2',
      plugins: [{ local: 'protoc-gen-es', out: folder, opt: options }],
    }
    const bin = join(root, 'node_modules/.bin')
    execFileSync(
      join(bin, 'buf'),
      ['generate', 'packages/protocol/proto', '--template', JSON.stringify(template)],
      { cwd: root, env: { ...process.env, PATH: `${bin}:${process.env.PATH}` }, stdio: 'pipe' },
    )
    return new Map(
      readdirSync(folder).map((name) => [
        `${into}/${name}`,
        readFileSync(join(folder, name), 'utf8'),
      ]),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}
