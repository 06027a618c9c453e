/**
 * Floating-point arithmetic in all modes, bit for bit, after the pseudocode of the Armv8-M ARM,
 * E2.1: FPAdd(), FPMul(), FPMulAdd(), FPDiv(), FPSqrt(), FPRound(), FPToFixed() and the others.
 *
 * Operands and results are the bits of single-precision numbers. Modes are taken from `fpscr`,
 * exceptions are accumulated there. A sum or quotient that double precision cannot hold is rounded
 * to odd in it: the last bit set if anything was lost. Double precision has more than two bits to
 * spare, so that rounding again to single or half precision gives the right result in every mode,
 * and shows whether it is exact (Boldo and Melquiond, "When double rounding is odd", 2005).
 */
import { FPSCR, FROM_FPSCR, ROUNDING } from './fpscr.ts'

/** Bits of the fraction, exponent of the smallest normal number, and of all ones. */
interface Format {
  readonly fraction: number
  readonly minimum: number
  readonly top: number
}
const SINGLE: Format = { fraction: 23, minimum: -126, top: 255 }
const HALF: Format = { fraction: 10, minimum: -14, top: 31 }

const SIGN = 0x8000_0000
const INFINITY = 0x7f80_0000
const QUIET = 0x0040_0000
const DEFAULT_NAN = 0x7fc0_0000
const HALF_DEFAULT_NAN = 0x7e00

const isNan = (bits: number) => (bits & 0x7fff_ffff) > INFINITY
const isSignalling = (bits: number) => isNan(bits) && (bits & QUIET) === 0
const isInfinite = (bits: number) => (bits & 0x7fff_ffff) === INFINITY

export class SoftFloat {
  fpscr = 0
  readonly #real = new Float64Array(1)
  /** The same number: low and high word. */
  readonly #words = new Uint32Array(this.#real.buffer)
  readonly #single = new Float32Array(1)
  readonly #singleBits = new Uint32Array(this.#single.buffer)

  add(a: number, b: number): number {
    const [x, y] = [this.#unpack(a), this.#unpack(b)]
    return this.#nanOf(a, b) ?? this.#sum(x, y)
  }

  subtract(a: number, b: number): number {
    const [x, y] = [this.#unpack(a), this.#unpack(b)]
    return this.#nanOf(a, b) ?? this.#sum(x, -y)
  }

  multiply(a: number, b: number): number {
    const [x, y] = [this.#unpack(a), this.#unpack(b)]
    return this.#nanOf(a, b) ?? this.#finish(x * y)
  }

  divide(a: number, b: number): number {
    const [x, y] = [this.#unpack(a), this.#unpack(b)]
    const nan = this.#nanOf(a, b)
    if (nan !== undefined) return nan
    if (y === 0 && x !== 0 && Number.isFinite(x)) this.fpscr |= FPSCR.DZC
    const quotient = x / y
    if (quotient === 0 || !Number.isFinite(quotient)) return this.#finish(quotient)
    // 29 bits times 24 bits: the remainder is exact.
    const short = this.#truncate(quotient, 24)
    const rest = x - short * y
    return this.#finish(this.#toOdd(short, rest / y))
  }

  squareRoot(a: number): number {
    const x = this.#unpack(a)
    const nan = this.#nanOf(a, a)
    if (nan !== undefined) return nan
    const root = Math.sqrt(x)
    if (root === 0 || !Number.isFinite(root)) return this.#finish(root)
    const short = this.#truncate(root, 27)
    return this.#finish(this.#toOdd(short, x - short * short))
  }

  /** addend + a * b, rounded once. */
  multiplyAdd(addend: number, a: number, b: number): number {
    const [z, x, y] = [this.#unpack(addend), this.#unpack(a), this.#unpack(b)]
    const product = x * y
    const isInvalid = Number.isNaN(product) && !isNan(a) && !isNan(b)
    if (isInvalid && isNan(addend) && !isSignalling(addend)) return this.#invalid()
    const nan = this.#nanOfThree(addend, a, b)
    return nan ?? this.#sum(z, product)
  }

  /** FPMaxNum(), FPMinNum(): a number goes before a quiet NaN. */
  maximum(a: number, b: number, isMinimum: boolean): number {
    const least = isMinimum ? INFINITY : INFINITY | SIGN
    const isQuiet = (bits: number) => isNan(bits) && !isSignalling(bits)
    const first = isQuiet(a) && !isQuiet(b) ? least : a
    const second = isQuiet(b) && !isQuiet(a) ? least : b
    const [x, y] = [this.#unpack(first), this.#unpack(second)]
    const nan = this.#nanOf(first, second)
    if (nan !== undefined) return nan
    // Zeros are told apart, as the pseudocode does.
    return this.#bitsOf(isMinimum ? Math.min(x, y) : Math.max(x, y))
  }

  /** Sets the flags of FPSCR. `isSignallingAll`: a quiet NaN is invalid too (VCMPE). */
  compare(a: number, b: number, isSignallingAll: boolean): void {
    const [x, y] = [this.#unpack(a), this.#unpack(b)]
    let flags = x === y ? 6 : x < y ? 8 : 2
    if (isNan(a) || isNan(b)) {
      flags = 3
      if (isSignallingAll || isSignalling(a) || isSignalling(b)) this.fpscr |= FPSCR.IOC
    }
    this.fpscr = (this.fpscr & ~FPSCR.NZCV) | (flags << 28)
  }

  /** FPRoundInt(): to an integer that is a floating-point number. `raisesInexact`: VRINTX. */
  roundToInteger(a: number, rounding: number, raisesInexact: boolean): number {
    const x = this.#unpack(a)
    const nan = this.#nanOf(a, a)
    if (nan !== undefined) return nan
    const rounded = roundReal(x, this.#mode(rounding))
    if (raisesInexact && rounded !== x) this.fpscr |= FPSCR.IXC
    return this.#bitsOf(rounded)
  }

  /** FPToFixed(): an integer of `bits` bits that counts 2^-fraction, extended to a word. */
  toFixed(a: number, to: { fraction: number; bits: number; isSigned: boolean }, rounding: number) {
    const scaled = this.#unpack(a) * 2 ** to.fraction
    if (isNan(a)) {
      this.fpscr |= FPSCR.IOC
      return 0
    }
    const rounded = roundReal(scaled, this.#mode(rounding))
    const least = to.isSigned ? -(2 ** (to.bits - 1)) : 0
    const most = to.isSigned ? 2 ** (to.bits - 1) - 1 : 2 ** to.bits - 1
    const result = Math.min(Math.max(rounded, least), most)
    if (result !== rounded) this.fpscr |= FPSCR.IOC
    else if (rounded !== scaled) this.fpscr |= FPSCR.IXC
    return result | 0
  }

  /** FixedToFP(): `value` counts 2^-fraction. */
  fromFixed(value: number, fraction: number, rounding: number): number {
    return value === 0 ? 0 : this.#round(value / 2 ** fraction, SINGLE, this.#mode(rounding))
  }

  /** FPHalfToSingle() */
  halfToSingle(half: number): number {
    const sign = (half & 0x8000) << 16
    const [exponent, fraction] = [(half >>> 10) & 31, half & 0x3ff]
    if (exponent === 31 && (this.fpscr & FPSCR.AHP) === 0) {
      if (fraction === 0) return (sign | INFINITY) >>> 0
      if ((fraction & 0x200) === 0) this.fpscr |= FPSCR.IOC
      if (this.fpscr & FPSCR.DN) return DEFAULT_NAN
      return (sign | DEFAULT_NAN | (fraction << 13)) >>> 0
    }
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25)
    return this.#bitsOf(sign === 0 ? size : -size)
  }

  /** FPSingleToHalf() */
  singleToHalf(a: number): number {
    const x = this.#unpack(a)
    const sign = (a >>> 16) & 0x8000
    const isAlternative = (this.fpscr & FPSCR.AHP) !== 0
    if (isNan(a)) {
      if (isAlternative || isSignalling(a)) this.fpscr |= FPSCR.IOC
      if (isAlternative) return sign
      if (this.fpscr & FPSCR.DN) return HALF_DEFAULT_NAN
      return sign | HALF_DEFAULT_NAN | ((a >>> 13) & 0x1ff)
    }
    if (isInfinite(a)) {
      if (isAlternative) this.fpscr |= FPSCR.IOC
      return sign | (isAlternative ? 0x7fff : 0x7c00)
    }
    return x === 0 ? sign : this.#round(x, HALF, this.#mode(FROM_FPSCR))
  }

  // Parts

  #mode(rounding: number): number {
    return rounding === FROM_FPSCR ? (this.fpscr >>> 22) & 3 : rounding
  }

  /** FPUnpack(): the number; of a NaN whatever. */
  #unpack(bits: number): number {
    const isTiny = (bits & INFINITY) === 0 && (bits & 0x007f_ffff) !== 0
    if (isTiny && (this.fpscr & FPSCR.FZ) !== 0) {
      this.fpscr |= FPSCR.IDC
      return bits >>> 31 ? -0 : 0
    }
    this.#singleBits[0] = bits
    return this.#single[0]!
  }

  /** Of a number that single precision holds. */
  #bitsOf(value: number): number {
    this.#single[0] = value
    return this.#singleBits[0]!
  }

  #invalid(): number {
    this.fpscr |= FPSCR.IOC
    return DEFAULT_NAN
  }

  /** FPProcessNaNs(): signalling ones go first, then the first operand. */
  #nanOf(a: number, b: number): number | undefined {
    if (!isNan(a) && !isNan(b)) return undefined
    if (isSignalling(a)) return this.#quieted(a)
    if (isSignalling(b)) return this.#quieted(b)
    return this.#quieted(isNan(a) ? a : b)
  }

  #nanOfThree(a: number, b: number, c: number): number | undefined {
    if (isSignalling(a)) return this.#quieted(a)
    return isNan(a) && !isSignalling(b) && !isSignalling(c) ? this.#quieted(a) : this.#nanOf(b, c)
  }

  /** FPProcessNaN() */
  #quieted(nan: number): number {
    if (isSignalling(nan)) this.fpscr |= FPSCR.IOC
    return this.fpscr & FPSCR.DN ? DEFAULT_NAN : (nan | QUIET) >>> 0
  }

  #sum(x: number, y: number): number {
    const sum = x + y
    if (sum === 0) {
      if (x === 0 && Object.is(x, y)) return this.#bitsOf(x)
      return this.#mode(FROM_FPSCR) === ROUNDING.minus ? SIGN : 0
    }
    if (!Number.isFinite(sum)) return this.#finish(sum)
    // What was lost (Knuth, TwoSum).
    const back = sum - x
    const lost = x - (sum - back) + (y - back)
    return this.#finish(this.#toOdd(sum, lost))
  }

  /** A result that is exact or rounded to odd; NaN of an operation without NaNs is invalid. */
  #finish(value: number): number {
    if (value === 0) return this.#bitsOf(value)
    if (Number.isNaN(value)) return this.#invalid()
    if (!Number.isFinite(value)) return this.#bitsOf(value)
    return this.#round(value, SINGLE, this.#mode(FROM_FPSCR))
  }

  /** Without the last bits of the fraction, at most 32. */
  #truncate(value: number, bits: number): number {
    this.#real[0] = value
    this.#words[0] = this.#words[0]! & -(2 ** bits)
    return this.#real[0]
  }

  /** `value` + something as small as `lost`: of the two neighbours, the odd one. */
  #toOdd(value: number, lost: number): number {
    if (lost === 0) return value
    this.#real[0] = value
    const words = this.#words
    if ((words[0]! & 1) !== 0) return value
    const isBeyond = lost > 0 ? value > 0 : value < 0
    if (isBeyond) words[0]! |= 1
    else {
      if (words[0] === 0) words[1]!--
      words[0]!--
    }
    return this.#real[0]
  }

  /** FPRound() of a number that is not zero. */
  #round(value: number, format: Format, mode: number): number {
    const { fraction, minimum } = format
    this.#real[0] = value
    const isNegative = value < 0
    const exponent = ((this.#words[1]! >>> 20) & 0x7ff) - 1023
    const isSingle = format === SINGLE
    if (isSingle && exponent < minimum && (this.fpscr & FPSCR.FZ) !== 0) {
      this.fpscr |= FPSCR.UFC
      return isNegative ? SIGN : 0
    }
    let biased = Math.max(exponent - minimum + 1, 0)
    const scaled = Math.abs(value) * 2 ** (fraction - Math.max(exponent, minimum))
    let whole = Math.floor(scaled)
    const error = scaled - whole
    if (biased === 0 && error !== 0) this.fpscr |= FPSCR.UFC
    if (roundsUp(mode, { error, isNegative, isOdd: whole % 2 === 1 })) {
      whole++
      if (whole === 2 ** fraction) biased = 1
      if (whole === 2 ** (fraction + 1)) {
        biased++
        whole /= 2
      }
    }
    const sign = isNegative ? (isSingle ? SIGN : 0x8000) : 0
    return this.#pack({ sign, biased, whole, isExact: error === 0 }, format, mode)
  }

  /** The end of FPRound(): overflow and inexactness. */
  #pack(
    { sign, biased, whole, isExact }: Rounded,
    { fraction, top }: Format,
    mode: number,
  ): number {
    const bits = (sign | (biased << fraction) | (whole & (2 ** fraction - 1))) >>> 0
    const isAlternative = top === HALF.top && (this.fpscr & FPSCR.AHP) !== 0
    if (isAlternative && biased > top) {
      this.fpscr |= FPSCR.IOC
      return sign | 0x7fff
    }
    if (!isAlternative && biased >= top) {
      this.fpscr |= FPSCR.OFC | FPSCR.IXC
      const isPlus = sign === 0
      const toInfinity =
        mode === ROUNDING.nearest || mode === (isPlus ? ROUNDING.plus : ROUNDING.minus)
      const infinity = top << fraction
      return (sign | (toInfinity ? infinity : infinity - 1)) >>> 0
    }
    if (!isExact) this.fpscr |= FPSCR.IXC
    return bits
  }
}

interface Rounded {
  readonly sign: number
  readonly biased: number
  readonly whole: number
  readonly isExact: boolean
}

function roundsUp(
  mode: number,
  { error, isNegative, isOdd }: { error: number; isNegative: boolean; isOdd: boolean },
): boolean {
  switch (mode) {
    case ROUNDING.nearest:
      return error > 0.5 || (error === 0.5 && isOdd)
    case ROUNDING.plus:
      return error !== 0 && !isNegative
    case ROUNDING.minus:
      return error !== 0 && isNegative
    default:
      return false
  }
}

/** To an integer; the sign of zero stays. */
function roundReal(x: number, mode: number): number {
  switch (mode) {
    case ROUNDING.nearest: {
      const whole = Math.floor(x)
      const error = x - whole
      if (error === 0) return x
      const isUp = error > 0.5 || (error === 0.5 && whole % 2 !== 0)
      return withSignOf(x, isUp ? whole + 1 : whole)
    }
    case ROUNDING.plus:
      return Math.ceil(x)
    case ROUNDING.minus:
      return Math.floor(x)
    case ROUNDING.zero:
      return Math.trunc(x)
    default:
      return withSignOf(x, Math.sign(x) * Math.floor(Math.abs(x) + 0.5))
  }
}

function withSignOf(x: number, rounded: number): number {
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded
}
