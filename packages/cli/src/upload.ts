/** Uploading a bundle as a new app. */
import { basename } from 'node:path'
import type { App, AppSymbols } from '@microvisor/api'
import type { Cloud } from './cloud.ts'
import { bytes } from './output.ts'

export interface UploadOptions {
  readonly uniqueName?: string | undefined
  /** Draws how far it is, over and over on one line. */
  readonly isAnimated: boolean
  readonly signal?: AbortSignal | undefined
}

export async function uploadBundle(
  { api, client }: Cloud,
  { path, bytes: content }: { path: string; bytes: Uint8Array },
  { uniqueName, isAnimated, signal }: UploadOptions,
): Promise<App> {
  const draw = isAnimated && content.length > WORTH_DRAWING_BYTES
  try {
    const input = {
      form: { UniqueName: uniqueName },
      file: {
        bytes: content,
        fileName: basename(path),
        onProgress: draw ? drawProgress : undefined,
      },
    }
    return await client.upload(api.createApp, input, { signal })
  } finally {
    if (draw) process.stderr.write('\r\x1b[K')
  }
}

/** Gives an app the ELF file that it was built from. */
export function uploadSymbols(
  { api, client }: Cloud,
  app: string,
  { path, bytes: content }: { path: string; bytes: Uint8Array },
): Promise<AppSymbols> {
  const file = { bytes: content, fileName: basename(path) }
  return client.upload(api.createAppSymbols, { params: { Sid: app }, file })
}

const WORTH_DRAWING_BYTES = 262_144

function drawProgress(sent: number, total: number): void {
  const percent = Math.floor((100 * sent) / total)
  process.stderr.write(`\r${bytes(sent)} of ${bytes(total)} (${percent} %)\x1b[K`)
}
