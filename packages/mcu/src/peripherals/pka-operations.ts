/**
 * The operations of PKA as a table: where each has its operands in the RAM, what it works out, and
 * how long it takes. RM0456, "PKA operating modes" and the RAM layouts there (ST's names in
 * stm32u585xx.h); offsets from the beginning of the peripheral.
 *
 * Durations are estimates of the hardware's: products of the size, counted as the algorithms do.
 */
import { add, type Curve, inverse, mod, multiply, power, sign, verify } from './pka-curve.ts'

/** The PKA's RAM as operands. */
export interface Operands {
  /** A word: a length in bits, or a sign. */
  word(offset: number): number
  load(offset: number, bits: number): bigint
  store(offset: number, value: bigint, bits: number): void
}

export interface Operation {
  run(ram: Operands): void
  cycles(ram: Operands): number
}

/** What results tell. */
const OK = 0xd60dn
const [FAILED, NOT_ON_CURVE, OUT_OF_RANGE] = [0xa3b7n, 0xa3b7n, 0xf946n]
const COMPARED = { equal: 0xed2cn, greater: 0x7af8n, less: 0x6a9dn } as const
const WORD_BITS = 32

const AT = {
  ...{ exponentBits: 0x400, bits: 0x408, sign: 0x410, a: 0x418, b: 0x520 },
  ...{ operand1: 0xa50, operand2: 0xc68, operand3: 0x1088, result: 0xe78 },
} as const

/** Cycles of one modular product. */
const product = (bits: number) => 2 * Math.ceil(bits / WORD_BITS) ** 2 + 40
const PRODUCTS_A_POINT = 16

/** On `bits` bits: one result from up to three operands. */
function arithmetic(
  act: (one: bigint, two: bigint, three: bigint) => bigint,
  width = 1,
): Operation {
  return {
    run(ram) {
      const bits = ram.word(AT.bits)
      const [one, two, three] = [AT.operand1, AT.operand2, AT.operand3].map((at) =>
        ram.load(at, bits),
      )
      ram.store(AT.result, act(one!, two!, three!), bits * width)
    },
    cycles: (ram) => product(ram.word(AT.bits)),
  }
}

function curveAt(ram: Operands, at: { bits: number; sign: number; a: number; p: number }) {
  const bits = ram.word(at.bits)
  const p = ram.load(at.p, bits)
  const size = ram.load(at.a, bits)
  const curve: Curve = { p, a: mod(ram.word(at.sign) === 0 ? size : -size, p) }
  return { bits, curve }
}

function exponentiation(at: { base: number; exponent: number; modulus: number }): Operation {
  return {
    run(ram) {
      const bits = ram.word(AT.bits)
      const exponent = ram.load(at.exponent, ram.word(AT.exponentBits))
      const modulus = ram.load(at.modulus, bits)
      const value = modulus === 0n ? 0n : power(ram.load(at.base, bits), exponent, modulus)
      ram.store(0x838, value, bits)
      ram.store(0x1298, OK, WORD_BITS)
    },
    cycles: (ram) => 1.5 * ram.word(AT.exponentBits) * product(ram.word(AT.bits)),
  }
}

const pointCycles = (bits: number, exponentBits: number) =>
  exponentBits * PRODUCTS_A_POINT * product(bits)

const montgomery: Operation = {
  run(ram) {
    const bits = ram.word(AT.bits)
    const modulus = ram.load(AT.operand3, bits)
    const radix = 1n << BigInt(2 * WORD_BITS * Math.ceil(bits / WORD_BITS))
    ram.store(0x620, modulus === 0n ? 0n : mod(radix, modulus), bits)
  },
  cycles: (ram) => 10 * product(ram.word(AT.bits)),
}

const scalarMultiplication: Operation = {
  run(ram) {
    const { bits, curve } = curveAt(ram, { ...AT, p: 0x1088 })
    const k = ram.load(0x12a0, ram.word(AT.exponentBits))
    const point = multiply(curve, k, [ram.load(0x578, bits), ram.load(0x470, bits)])
    ram.store(0x578, point?.[0] ?? 0n, bits)
    ram.store(0x5d0, point?.[1] ?? 0n, bits)
    ram.store(0x680, point === undefined ? FAILED : OK, WORD_BITS)
  },
  cycles: (ram) => pointCycles(ram.word(AT.bits), ram.word(AT.exponentBits)),
}

const pointCheck: Operation = {
  run(ram) {
    const { bits, curve } = curveAt(ram, { ...AT, p: 0x470 })
    const [x, y, b] = [ram.load(0x578, bits), ram.load(0x5d0, bits), ram.load(AT.b, bits)]
    const isIn = x < curve.p && y < curve.p
    const isOn = isIn && mod(y * y - x * x * x - curve.a * x - b, curve.p) === 0n
    ram.store(0x680, isOn ? OK : isIn ? NOT_ON_CURVE : OUT_OF_RANGE, WORD_BITS)
  },
  cycles: (ram) => 20 * product(ram.word(AT.bits)),
}

/** Points with a third coordinate of one. */
const completeAddition: Operation = {
  run(ram) {
    const { bits, curve } = curveAt(ram, { ...AT, p: 0x470 })
    const affine = (x: number, y: number, z: number) => {
      const divisor = inverse(ram.load(z, bits), curve.p)
      if (divisor === undefined) return undefined
      return [
        mod(ram.load(x, bits) * divisor, curve.p),
        mod(ram.load(y, bits) * divisor, curve.p),
      ] as const
    }
    const point = add(curve, affine(0x628, 0x680, 0x6d8), affine(0x730, 0x788, 0x7e0))
    const coordinates = point === undefined ? [0n, 1n, 0n] : [...point, 1n]
    for (const [n, at] of [0xd60, 0xdb8, 0xe10].entries()) ram.store(at, coordinates[n]!, bits)
  },
  cycles: (ram) => PRODUCTS_A_POINT * product(ram.word(AT.bits)),
}

const projectiveToAffine: Operation = {
  run(ram) {
    const bits = ram.word(AT.bits)
    const p = ram.load(0x470, bits)
    const divisor = inverse(ram.load(0xe10, bits), p)
    ram.store(0x578, mod(ram.load(0xd60, bits) * (divisor ?? 0n), p), bits)
    ram.store(0x5d0, mod(ram.load(0xdb8, bits) * (divisor ?? 0n), p), bits)
    ram.store(0x680, divisor === undefined ? FAILED : OK, WORD_BITS)
  },
  cycles: (ram) => 300 * product(ram.word(AT.bits)),
}

const ecdsaSign: Operation = {
  run(ram) {
    const { bits, curve } = curveAt(ram, { ...AT, p: 0x1088 })
    const orderBits = ram.word(AT.exponentBits)
    const [order, k] = [ram.load(0xf88, orderBits), ram.load(0x12a0, orderBits)]
    const generator = [ram.load(0x578, bits), ram.load(0x470, bits)] as const
    const [hash, key] = [ram.load(0xfe8, orderBits), ram.load(0xf28, orderBits)]
    const { r, s, point } = sign({ curve, generator, order }, { hash, key, k })
    ram.store(0x730, r, orderBits)
    ram.store(0x788, s, orderBits)
    ram.store(0x1400, point?.[0] ?? 0n, bits)
    ram.store(0x1458, point?.[1] ?? 0n, bits)
    ram.store(0xfe0, r === 0n ? FAILED : s === 0n ? OUT_OF_RANGE : OK, WORD_BITS)
  },
  cycles: (ram) => 1.1 * pointCycles(ram.word(AT.bits), ram.word(AT.exponentBits)),
}

const ecdsaVerify: Operation = {
  run(ram) {
    const { bits, curve } = curveAt(ram, { bits: 0x4c8, sign: 0x468, a: 0x470, p: 0x4d0 })
    const orderBits = ram.word(AT.bits)
    const generator = [ram.load(0x678, bits), ram.load(0x6d0, bits)] as const
    const key = [ram.load(0x12f8, bits), ram.load(0x1350, bits)] as const
    const [r, s] = [ram.load(0x10e0, orderBits), ram.load(0xc68, orderBits)]
    const [hash, order] = [ram.load(0x13a8, orderBits), ram.load(0x1088, orderBits)]
    const isRight = verify({ curve, generator, order }, { hash, key, r, s })
    ram.store(0x5d0, isRight ? OK : FAILED, WORD_BITS)
  },
  cycles: (ram) => 2 * pointCycles(ram.word(0x4c8), ram.word(AT.bits)),
}

const rsaCrt: Operation = {
  run(ram) {
    const bits = ram.word(AT.bits)
    const half = bits / 2
    const [p, q, inverseOfQ] = [
      ram.load(0xb60, half),
      ram.load(0x1088, half),
      ram.load(0x948, half),
    ]
    const base = ram.load(0x12a0, bits)
    const one = power(base, ram.load(0x730, half), p)
    const two = power(base, ram.load(0xe78, half), q)
    ram.store(0x838, two + q * mod(inverseOfQ * (one - two), p), bits)
  },
  cycles: (ram) => 1.5 * ram.word(AT.bits) * product(ram.word(AT.bits) / 2),
}

const modularReduction: Operation = {
  run(ram) {
    const [bits, modulusBits] = [ram.word(0x400), ram.word(0x408)]
    const modulus = ram.load(AT.operand2, modulusBits)
    ram.store(AT.result, modulus === 0n ? 0n : ram.load(AT.operand1, bits) % modulus, modulusBits)
  },
  cycles: (ram) => 4 * product(ram.word(0x400)),
}

const compare = (one: bigint, two: bigint) =>
  one === two ? COMPARED.equal : one > two ? COMPARED.greater : COMPARED.less

/** Montgomery's product: without the radix that both operands carry. */
const montgomeryProduct: Operation = {
  run(ram) {
    const bits = ram.word(AT.bits)
    const modulus = ram.load(AT.operand3, bits)
    const radix = inverse(1n << BigInt(WORD_BITS * Math.ceil(bits / WORD_BITS)), modulus) ?? 0n
    const [one, two] = [ram.load(AT.operand1, bits), ram.load(AT.operand2, bits)]
    ram.store(AT.result, mod(one * two * radix, modulus), bits)
  },
  cycles: (ram) => product(ram.word(AT.bits)),
}

/** By CR.MODE. */
export const operations: Readonly<Record<number, Operation>> = {
  0: exponentiation({ base: 0xc68, exponent: 0xe78, modulus: 0x1088 }),
  1: montgomery,
  2: exponentiation({ base: 0xc68, exponent: 0xe78, modulus: 0x1088 }),
  3: exponentiation({ base: 0x16c8, exponent: 0x14b8, modulus: 0x838 }),
  7: rsaCrt,
  8: arithmetic((one, modulus) => (modulus === 0n ? 0n : (inverse(one, modulus) ?? 0n))),
  9: arithmetic((one, two) => one + two, 2),
  10: arithmetic((one, two) => one - two, 1),
  11: arithmetic((one, two) => one * two, 2),
  12: arithmetic(compare),
  13: modularReduction,
  14: arithmetic((one, two, modulus) => (modulus === 0n ? 0n : mod(one + two, modulus))),
  15: arithmetic((one, two, modulus) => (modulus === 0n ? 0n : mod(one - two, modulus))),
  16: montgomeryProduct,
  32: scalarMultiplication,
  35: completeAddition,
  36: ecdsaSign,
  38: ecdsaVerify,
  40: pointCheck,
  47: projectiveToAffine,
}
