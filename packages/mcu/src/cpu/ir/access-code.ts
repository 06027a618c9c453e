/** Which WebAssembly instruction makes a guest access of a given width. */
import type { AccessWidth } from './nodes.ts'
import type { MemoryOpcode } from './wasm.ts'

export function loadOpcode(width: AccessWidth, isSigned: boolean): MemoryOpcode {
  if (width === 4) return 'i32.load'
  if (width === 2) return isSigned ? 'i32.load16_s' : 'i32.load16_u'
  return isSigned ? 'i32.load8_s' : 'i32.load8_u'
}

export function storeOpcode(width: AccessWidth): MemoryOpcode {
  return width === 4 ? 'i32.store' : width === 2 ? 'i32.store16' : 'i32.store8'
}
