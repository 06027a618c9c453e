/** Values in the chip's memory, by type. */

interface VariableType {
  readonly bytes: number
  read(view: DataView, at: number): number | string
}

const TEXT_BYTES_MAX = 256

const types: Readonly<Record<string, VariableType>> = {
  u8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  u16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  i16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  u32: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  i32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  f32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  f64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  text: { bytes: 1, read: readText },
}

export function variableType(name: string): VariableType | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined
}

/** Nothing is at an address: 0. */
export function readMemory(
  bytes: Uint8Array,
  address: number,
  type: VariableType,
): number | string {
  if (address + type.bytes > bytes.length) return 0
  return type.read(new DataView(bytes.buffer, bytes.byteOffset), address)
}

/** Until its zero byte. */
function readText(view: DataView, at: number): string {
  let end = at
  while (end < view.byteLength && end - at < TEXT_BYTES_MAX && view.getUint8(end) !== 0) end++
  return Buffer.from(view.buffer, view.byteOffset + at, end - at).toString('utf8')
}
