/**
 * What lit segments read as. Seven segments: bit 0 is a (top), then clockwise b to f, 6 is g
 * (middle), 7 the point. Fourteen: a to f as well, 6 and 7 the middle's halves, 8 to 13 the
 * diagonals and verticals, 14 the point.
 */

const SEVEN: Readonly<Record<number, string>> = {
  ...{ 0: ' ', 63: '0', 6: '1', 91: '2', 79: '3', 102: '4', 109: '5', 125: '6' },
  ...{ 7: '7', 127: '8', 111: '9', 119: 'A', 124: 'b', 57: 'C', 88: 'c', 94: 'd' },
  ...{ 121: 'E', 113: 'F', 118: 'H', 116: 'h', 30: 'J', 56: 'L', 84: 'n', 92: 'o' },
  ...{ 115: 'P', 80: 'r', 120: 't', 62: 'U', 28: 'u', 110: 'y', 64: '-', 8: '_' },
  ...{ 99: '°', 72: '=', 83: '?', 39: '7', 123: 'e', 95: 'a' },
}
const SEVEN_POINT = 0x80

const FOURTEEN: Readonly<Record<number, string>> = {
  ...{ 0: ' ', 3135: '0', 63: '0', 6: '1', 1030: '1', 219: '2', 143: '3' },
  ...{ 207: '3', 230: '4', 8297: '5', 237: '5', 253: '6', 7: '7', 255: '8' },
  ...{ 239: '9', 247: 'A', 4751: 'B', 57: 'C', 4623: 'D', 249: 'E', 113: 'F' },
  ...{ 189: 'G', 246: 'H', 4617: 'I', 4608: 'I', 30: 'J', 9328: 'K', 56: 'L' },
  ...{ 1334: 'M', 8502: 'N', 243: 'P', 8255: 'Q', 8435: 'R', 4609: 'T', 62: 'U' },
  ...{ 3120: 'V', 10294: 'W', 11520: 'X', 5376: 'Y', 3081: 'Z', 192: '-', 8: '_' },
  ...{ 227: '°', 3072: '/', 8448: '\\', 4800: '+' },
}
const FOURTEEN_POINT = 0x4000
/** What no table knows: lit, but no letter. */
const UNKNOWN = '#'

/** A lit point follows its digit. */
export function segmentText(digits: readonly number[], style: '7-segment' | '14-segment'): string {
  const [table, point] = style === '7-segment' ? [SEVEN, SEVEN_POINT] : [FOURTEEN, FOURTEEN_POINT]
  return digits
    .map((mask) => (table[mask & ~point] ?? UNKNOWN) + (mask & point ? '.' : ''))
    .join('')
}
