/** The configurations of docs/guides/hosting.md, as they stand there but for addresses. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(ROOT, 'docs/guides/hosting.md'), 'utf8')
const blocks = [...page.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, text = '']) => text)

/** The one block that begins so. */
export function guideBlock(beginning: string): string {
  const found = blocks.filter((text) => text.startsWith(beginning))
  assert.equal(found.length, 1, `blocks that begin with ${beginning}`)
  return found[0]!
}

export interface Ports {
  readonly api: number
  readonly gateway: number
}

/** HAProxy's, with these ports on this machine in place of its own. */
export function haproxyFile(front: Ports, servers: Readonly<Record<string, Ports>>): string {
  let text = guideBlock('defaults\n')
  text = text.replace('bind :8700', `bind 127.0.0.1:${front.api}`)
  text = text.replace('bind :8701', `bind 127.0.0.1:${front.gateway}`)
  for (const [name, { api, gateway }] of Object.entries(servers))
    text = text
      .replace(new RegExp(`server ${name} \\S+:8700`), `server ${name} 127.0.0.1:${api}`)
      .replace(
        new RegExp(`server ${name} \\S+:8701 check port 8700`),
        `server ${name} 127.0.0.1:${gateway} check port ${api}`,
      )
  assert.doesNotMatch(text, /870[01]/)
  return text
}
