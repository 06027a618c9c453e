/**
 * One message through a chaining mode: what AES keeps between blocks and between the phases of GCM
 * and CCM. NIST SP 800-38A, -38C and -38D; phases as in RM0456, "AES Galois/counter mode" and "AES
 * counter with CBC-MAC".
 */
import { AesKey, type Block, multiply, toBlock, toBytes, xor, ZERO } from './aes-cipher.ts'

/** CR.CHMOD. */
const MODE = { ecb: 0, cbc: 1, ctr: 2, gcm: 3, ccm: 4 } as const
/** CR.GCMPH. */
const PHASE = { init: 0, header: 1, payload: 2, final: 3 } as const
const BLOCK_BYTES = 16
const COUNTER_WORD = 3

export interface AesSettings {
  readonly chaining: number
  readonly phase: number
  readonly isDecrypting: boolean
  readonly key: readonly number[]
  /** IVR3 first. */
  readonly vector: Block
}

export class AesMessage {
  /** What the initialisation vector registers hold now. */
  vector: Block = ZERO
  #settings: AesSettings | undefined
  #key = new AesKey([0, 0, 0, 0])
  /** GCM's hash subkey and hash; CCM's MAC. */
  #subkey: Block = ZERO
  #sum: Block = ZERO
  #firstVector: Block = ZERO

  /** The peripheral is enabled, or goes to another phase: what it does before there is data. */
  begin(settings: AesSettings): 'waits' | 'prepares' | 'gives tag' {
    this.#settings = settings
    this.#key = new AesKey(settings.key)
    const { chaining, phase, vector } = settings
    const isAuthenticated = chaining === MODE.gcm || chaining === MODE.ccm
    if (!isAuthenticated) {
      this.vector = vector
      return 'waits'
    }
    if (phase === PHASE.init) {
      this.#prepare(chaining, vector)
      return 'prepares'
    }
    return phase === PHASE.final && chaining === MODE.ccm ? 'gives tag' : 'waits'
  }

  /** A block of input; the output, nothing in a header. The last `padding` bytes are no payload. */
  process(block: Block, padding: number): readonly number[] {
    const { chaining, phase } = this.#settings!
    if (chaining === MODE.ecb) return this.#electronicCodebook(block)
    if (chaining === MODE.cbc) return this.#cipherBlockChaining(block)
    if (chaining === MODE.ctr) return xor(block, this.#nextKeyStream())
    if (phase === PHASE.header) {
      this.#authenticate(block)
      return []
    }
    if (phase === PHASE.payload) return this.#payload(block, padding)
    if (chaining === MODE.gcm) this.#authenticate(block)
    return this.tag()
  }

  tag(): Block {
    const counter = this.#settings!.chaining === MODE.gcm ? 1 : 0
    return xor(this.#sum, this.#key.encrypt(this.#withCounter(counter)))
  }

  #prepare(chaining: number, vector: Block): void {
    this.#firstVector = vector
    if (chaining === MODE.gcm) {
      this.#subkey = this.#key.encrypt(ZERO)
      this.#sum = ZERO
      this.vector = vector
    } else {
      this.#sum = this.#key.encrypt(vector)
      this.vector = this.#withCounter(1)
    }
  }

  #electronicCodebook(block: Block): Block {
    return this.#settings!.isDecrypting ? this.#key.decrypt(block) : this.#key.encrypt(block)
  }

  #cipherBlockChaining(block: Block): Block {
    if (this.#settings!.isDecrypting) {
      const plain = xor(this.#key.decrypt(block), this.vector)
      this.vector = block
      return plain
    }
    this.vector = this.#key.encrypt(xor(block, this.vector))
    return this.vector
  }

  #payload(block: Block, padding: number): Block {
    const output = xor(block, this.#nextKeyStream())
    const { chaining, isDecrypting } = this.#settings!
    const isOutput = (chaining === MODE.gcm) !== isDecrypting
    this.#authenticate(withoutTail(isOutput ? output : block, padding))
    return output
  }

  /** GCM hashes the cipher text, CCM chains the plain text. */
  #authenticate(block: Block): void {
    const mixed = xor(this.#sum, block)
    const isGcm = this.#settings!.chaining === MODE.gcm
    this.#sum = isGcm ? multiply(mixed, this.#subkey) : this.#key.encrypt(mixed)
  }

  #nextKeyStream(): Block {
    const stream = this.#key.encrypt(this.vector)
    const next = [...this.vector]
    next[COUNTER_WORD] = (next[COUNTER_WORD] + 1) >>> 0
    this.vector = next as unknown as Block
    return stream
  }

  /** The first counter block: in GCM its last word counts, in CCM as many bytes as B0's flags say. */
  #withCounter(counter: number): Block {
    const bytes = toBytes(this.#firstVector)
    const isGcm = this.#settings!.chaining === MODE.gcm
    const counterBytes = isGcm ? 4 : (bytes[0] & 7) + 1
    if (!isGcm) bytes[0] &= 7
    bytes.fill(0, BLOCK_BYTES - counterBytes)
    bytes[BLOCK_BYTES - 1] = counter
    return toBlock(bytes)
  }
}

function withoutTail(block: Block, padding: number): Block {
  return toBlock(toBytes(block).fill(0, BLOCK_BYTES - padding))
}
