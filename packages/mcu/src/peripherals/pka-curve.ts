/**
 * Arithmetic of PKA with whole numbers: modular powers and inverses, points of short Weierstrass
 * curves, ECDSA. SEC 1, "Elliptic curve cryptography"; FIPS 186-5. Not constant in time: it is the
 * virtual chip's, whose secrets are the tester's.
 */
export const mod = (value: bigint, modulus: bigint): bigint => {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, factor] = [1n % modulus, mod(base, modulus)]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * factor) % modulus
    factor = (factor * factor) % modulus
  }
  return result
}

/** Undefined where there is none. */
export function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [a, b] = [mod(value, modulus), modulus]
  let [x, y] = [1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return a === 1n ? mod(x, modulus) : undefined
}

/** Undefined is the point at infinity. */
export type Point = readonly [x: bigint, y: bigint] | undefined

export interface Curve {
  readonly a: bigint
  readonly p: bigint
}

export function add({ a, p }: Curve, one: Point, other: Point): Point {
  if (one === undefined) return other
  if (other === undefined) return one
  const [[x1, y1], [x2, y2]] = [one, other]
  const isDouble = x1 === x2
  if (isDouble && mod(y1 + y2, p) === 0n) return undefined
  const divisor = inverse(isDouble ? 2n * y1 : x2 - x1, p)
  if (divisor === undefined) return undefined
  const slope = mod((isDouble ? 3n * x1 * x1 + a : y2 - y1) * divisor, p)
  const x = mod(slope * slope - x1 - x2, p)
  return [x, mod(slope * (x1 - x) - y1, p)]
}

export function multiply(curve: Curve, factor: bigint, point: Point): Point {
  let [result, summand]: [Point, Point] = [undefined, point]
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = add(curve, result, summand)
    summand = add(curve, summand, summand)
  }
  return result
}

export interface EcdsaDomain {
  readonly curve: Curve
  readonly generator: Point
  readonly order: bigint
}

/** Undefined where k gives r or s of zero. */
export function sign(
  { curve, generator, order }: EcdsaDomain,
  { hash, key, k }: { readonly hash: bigint; readonly key: bigint; readonly k: bigint },
): { readonly r: bigint; readonly s: bigint; readonly point: Point } {
  const point = multiply(curve, k, generator)
  const r = mod(point?.[0] ?? 0n, order)
  const s = mod((inverse(k, order) ?? 0n) * (hash + r * key), order)
  return { r, s, point }
}

export function verify(
  { curve, generator, order }: EcdsaDomain,
  { hash, key, r, s }: { readonly hash: bigint; readonly key: Point; r: bigint; s: bigint },
): boolean {
  const isIn = (value: bigint) => value > 0n && value < order
  const divisor = isIn(r) && isIn(s) ? inverse(s, order) : undefined
  if (divisor === undefined) return false
  const left = multiply(curve, mod(hash * divisor, order), generator)
  const point = add(curve, left, multiply(curve, mod(r * divisor, order), key))
  return point !== undefined && mod(point[0], order) === r
}
