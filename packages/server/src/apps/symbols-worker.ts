/** Reads ELF files, in a thread of its own, for app-symbols.ts. */
import { deflateRawSync } from 'node:zlib'
import {
  DwarfError,
  equalBytes,
  ImageError,
  type Layer,
  measure,
  ProgramSymbols,
  readElfImage,
  toHex,
} from '@microvisor/protocol'
import { digest, sha256Hex } from '../keys/engines.ts'
import { serveJobs } from '../threads/serve-jobs.ts'

export interface SymbolsJob {
  readonly file: Uint8Array
  /** Of the App, in the internal flash. */
  readonly layers: readonly Pick<Layer, 'start' | 'size' | 'measurementHash'>[]
}

export type SymbolsAnswer =
  | { readonly made: MadeSymbols }
  | { readonly unusable: string }
  /** The file's content from this byte of the flash on has another hash than the App's. */
  | {
      readonly otherCode: { readonly start: number; readonly hash: string; readonly wanted: string }
    }

export interface MadeSymbols {
  /** JSON of SymbolData, deflated; and its size before. */
  readonly symbols: Uint8Array
  readonly textBytes: number
  readonly elfHash: string
  readonly functions: number
  readonly lines: number
}

serveJobs<SymbolsJob, SymbolsAnswer>(answer, (result) =>
  'made' in result ? [result.made.symbols] : [],
)

function answer({ file, layers }: SymbolsJob): SymbolsAnswer {
  try {
    const image = readElfImage(file)
    for (const { start, size, measurementHash } of layers) {
      const hash = measure(image.subarray(start, start + size), size, digest)
      if (!equalBytes(hash, measurementHash))
        return { otherCode: { start, hash: toHex(hash), wanted: toHex(measurementHash) } }
    }
    return { made: make(file) }
  } catch (error) {
    // Errors lose their class on the way out of a thread.
    if (error instanceof ImageError || error instanceof DwarfError)
      return { unusable: error.message }
    throw error
  }
}

function make(file: Uint8Array): MadeSymbols {
  const program = ProgramSymbols.ofElf(file)
  const text = Buffer.from(JSON.stringify(program.toData()))
  return {
    symbols: deflateRawSync(text),
    textBytes: text.length,
    elfHash: sha256Hex(file),
    functions: program.functions.length,
    lines: program.lineCount,
  }
}
