/** Passwords as the database keeps them: Argon2id (RFC 9106), its parameters in front. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(argon2)

interface Cost {
  readonly memory: number
  readonly passes: number
}

/** KiB and passes that OWASP's password storage sheet gives as a minimum for Argon2id, p = 1. */
const COST: Cost = { memory: 19_456, passes: 2 }
const NONCE_BYTES = 16
const TAG_BYTES = 32

export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(NONCE_BYTES)
  const tag = await tagOf(password, nonce, COST)
  const { memory, passes } = COST
  return ['argon2id', memory, passes, nonce.toString('hex'), tag.toString('hex')].join('$')
}

/** Takes as long for a user that there is not (`hash` undefined), and says false. */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, memory, passes, nonce = '', tag = ''] = (hash ?? NOBODYS).split('$')
  const cost = { memory: Number(memory), passes: Number(passes) }
  const made = await tagOf(password, Buffer.from(nonce, 'hex'), cost)
  return timingSafeEqual(made, Buffer.from(tag, 'hex')) && hash !== undefined
}

const NOBODYS = `argon2id$${COST.memory}$${COST.passes}$${'0'.repeat(32)}$${'0'.repeat(64)}`

function tagOf(message: string, nonce: Buffer, cost: Cost): Promise<Buffer> {
  return derive('argon2id', { ...cost, message, nonce, parallelism: 1, tagLength: TAG_BYTES })
}
