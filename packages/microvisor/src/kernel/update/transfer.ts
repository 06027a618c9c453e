/**
 * Brings one content into staging, in whatever form the cloud chooses: whole, compressed, or as a
 * delta to what lies in flash now.
 *
 *   whole               straight to where contents are staged
 *   compressed, delta   to the end of staging; once complete and right, content is made of it
 *
 * It outlives connections and power cuts: the staging object says how far it came, and the cloud goes
 * on from that byte if it can still make the same transfer. Content counts only once it was read
 * back with the hash that the manifest promises.
 */
import {
  DeltaReader,
  decodeLayerOffer,
  equalBytes,
  FETCH_CREDIT_BYTES,
  LayerForm,
  type LayerOffer,
  StreamCloseReason,
  toHex,
  UpdateError,
} from '@microvisor/protocol'
import { hashReader } from '../../flash-access.ts'
import type { Link } from '../link/link.ts'
import type { LinkStream } from '../link/stream.ts'
import type { Timers } from '../timers.ts'
import type { StagedLayer } from './journal.ts'
import type { Chip } from './layers.ts'
import {
  contentPlace,
  roomBytes,
  StagingObject,
  transferHeader,
  transferPlace,
} from './staging-object.ts'
import { StagingWriter } from './staging-writer.ts'
import type { UpdateProblem } from './update-problem.ts'

/** What lies in flash now where the content will go. */
export interface Base {
  readonly hash: Uint8Array
  readonly bytes: number
  readonly read: (offset: number, into: Uint8Array) => void
}

export interface WantedContent {
  readonly hash: Uint8Array
  readonly bytesMax: number
  /** Undefined: only whole, as an encrypted layer. */
  readonly base: Base | undefined
}

export interface TransferParts {
  readonly chip: Chip
  readonly link: Link
  readonly timers: Timers
  readonly wanted: WantedContent
  /** Where in staging the content begins. */
  readonly offset: number
  /** More bytes have come over the link. */
  readonly received: (bytes: number) => void
  readonly done: (staged: StagedLayer) => void
  readonly failed: (problem: UpdateProblem) => void
}

/** Output of a delta made in one go: what the kernel can spare between two of the chip's calls. */
const SLICE_BYTES = 32_768

export class Transfer {
  readonly #parts: TransferParts
  #stream: LinkStream | undefined
  #writer: StagingWriter | undefined
  #form: LayerForm = LayerForm.WHOLE
  #offer: LayerOffer | undefined
  /** Something went wrong with a compressed transfer or a delta: the content has to come whole. */
  #isWholeOnly: boolean
  #isOver = false
  #cancelSlice: () => void = () => {}

  constructor(parts: TransferParts) {
    this.#parts = parts
    this.#isWholeOnly = parts.wanted.base === undefined
    this.#recall()
  }

  /** Opens a stream unless there is one, or all has come; does nothing without a connection. */
  proceed(): void {
    if (this.#isOver || this.#stream !== undefined || this.#isMaking) return
    const { wanted, offset, link } = this.#parts
    const writer = this.#writer
    const value = {
      fetchHash: wanted.hash,
      baseHash: this.#isWholeOnly ? new Uint8Array(0) : wanted.base!.hash,
      roomBytes: this.#isWholeOnly ? 0 : Math.floor(roomBytes(offset, 0) / 2),
      transferHash: writer?.facts.transfer ?? new Uint8Array(0),
      offset: BigInt(writer?.received ?? 0),
    }
    this.#offer = undefined
    this.#stream = link.openStream(
      { case: 'layer', value },
      {
        windowBytes: FETCH_CREDIT_BYTES,
        data: (bytes) => this.#take(bytes),
        closed: (reason, detail) => this.#closed(reason, detail),
      },
    )
  }

  cancel(): void {
    this.#isOver = true
    this.#cancelSlice()
    this.#hangUp()
  }

  #isMaking = false

  #hangUp(): void {
    this.#stream?.close(StreamCloseReason.CANCELLED)
    this.#stream = undefined
  }

  /** What an earlier life of the device has begun. */
  #recall(): void {
    const { chip, wanted, offset } = this.#parts
    const places = [
      [offset, () => contentPlace(offset).data],
      [transferHeader, (bytes: number) => transferPlace(bytes).data],
    ] as const
    for (const [header, dataOf] of places) {
      const object = StagingObject.read(chip, header, dataOf)
      if (object === undefined || !equalBytes(object.facts.identity, wanted.hash)) continue
      const [form] = object.facts.words
      const isWhole = header === offset
      if (isWhole !== (form === LayerForm.WHOLE) || (this.#isWholeOnly && !isWhole)) continue
      this.#form = form
      this.#writer = new StagingWriter(object, object.resumeAt)
      return
    }
  }

  #take(bytes: Uint8Array): void {
    if (this.#isOver) return
    if (this.#offer === undefined) {
      this.#takeOffer(bytes)
      return
    }
    this.#parts.received(bytes.length)
    const writer = this.#writer!
    if (writer.received + bytes.length > writer.facts.bytes) {
      const detail = `More than the ${writer.facts.bytes} bytes came that were announced.`
      this.#fail(UpdateError.LAYER_TOO_LARGE, detail)
      return
    }
    const error = writer.write(bytes)
    if (error !== undefined) this.#fail(UpdateError.FLASH, `Staging answered ${error}.`)
  }

  #takeOffer(bytes: Uint8Array): void {
    const offer = decodeLayerOffer(bytes)
    if (offer === undefined) {
      this.#fail(UpdateError.TRANSFER, 'It begins with no offer.')
      return
    }
    const wrong = this.#wrongWith(offer)
    if (wrong !== undefined) {
      this.#fail(wrong.error, wrong.detail)
      return
    }
    this.#offer = offer
    const writer = this.#writer
    const isContinued =
      writer !== undefined &&
      equalBytes(writer.facts.transfer, offer.transferHash) &&
      Number(offer.offset) === writer.received
    if (!isContinued) this.#begin(offer)
  }

  #wrongWith(offer: LayerOffer): UpdateProblem | undefined {
    const { wanted, offset } = this.#parts
    const { form, transferBytes, contentBytes, baseBytes } = offer
    const isWhole = form === LayerForm.WHOLE
    const room = Math.min(wanted.bytesMax, roomBytes(offset, isWhole ? 0 : transferBytes))
    const problem = (error: UpdateError, detail: string) => ({ error, detail })
    if (contentBytes > room)
      return problem(
        UpdateError.LAYER_TOO_LARGE,
        `It has ${contentBytes} bytes; there is room for ${room}.`,
      )
    if (!isWhole && (this.#isWholeOnly || LayerForm[form] === undefined))
      return problem(UpdateError.TRANSFER, `It comes in form ${form}, which was not asked for.`)
    if (isWhole && !equalBytes(offer.transferHash, wanted.hash))
      return problem(UpdateError.LAYER_HASH, `${toHex(offer.transferHash)} is offered as whole.`)
    if ((isWhole && transferBytes !== contentBytes) || baseBytes > (wanted.base?.bytes ?? 0))
      return problem(UpdateError.TRANSFER, `${transferBytes} bytes and ${baseBytes} do not fit.`)
    return undefined
  }

  #begin(offer: LayerOffer): void {
    const { chip, wanted, offset } = this.#parts
    if (offer.offset !== 0n) {
      this.#fail(UpdateError.TRANSFER, `It goes on at byte ${offer.offset} of nothing.`)
      return
    }
    this.#form = offer.form
    const isWhole = offer.form === LayerForm.WHOLE
    const place = isWhole ? contentPlace(offset) : transferPlace(offer.transferBytes)
    const object = StagingObject.create(chip, place, {
      bytes: offer.transferBytes,
      identity: wanted.hash,
      transfer: offer.transferHash,
      words: [offer.form, 0],
    })
    if ('error' in object) this.#fail(UpdateError.FLASH, `Staging answered ${object.error}.`)
    else this.#writer = new StagingWriter(object, 0)
  }

  #closed(reason: StreamCloseReason | undefined, detail: string): void {
    this.#stream = undefined
    if (reason === undefined || this.#isOver) return
    if (reason !== StreamCloseReason.DONE) {
      const name = StreamCloseReason[reason] ?? `reason ${reason}`
      const why = detail === '' ? name : `${name}: ${detail}`
      this.#fail(UpdateError.LAYER_UNAVAILABLE, why)
      return
    }
    const error = this.#writer?.finish()
    if (error === undefined) this.#complete()
    else this.#fail(UpdateError.FLASH, `Staging answered ${error}.`)
  }

  #complete(): void {
    const { chip, wanted } = this.#parts
    const writer = this.#writer
    const facts = writer?.facts
    if (writer === undefined || facts === undefined || writer.received < facts.bytes) {
      const detail = `Only ${writer?.received ?? 0} of ${facts?.bytes ?? 'its'} bytes came.`
      this.#again(UpdateError.TRANSFER, detail)
      return
    }
    const hash = hashReader(chip.engines, writer.object, facts.bytes)
    if (!equalBytes(hash, facts.transfer)) {
      const code = this.#form === LayerForm.WHOLE ? UpdateError.LAYER_HASH : UpdateError.TRANSFER
      this.#again(code, `${toHex(hash)} came instead of ${toHex(facts.transfer)}.`)
    } else if (this.#form === LayerForm.WHOLE) {
      this.#finish({ offset: this.#parts.offset, bytes: facts.bytes })
    } else this.#make(writer.object, wanted)
  }

  /** Makes the content of a transfer, a slice at a time. */
  #make(transfer: StagingObject, wanted: WantedContent): void {
    const { chip, offset } = this.#parts
    const offer = this.#offer!
    const content = StagingObject.create(chip, contentPlace(offset), {
      bytes: offer.contentBytes,
      identity: wanted.hash,
      transfer: wanted.hash,
      words: [0, 0],
    })
    if ('error' in content) {
      this.#fail(UpdateError.FLASH, `Staging answered ${content.error}.`)
      return
    }
    this.#isMaking = true
    const writer = new StagingWriter(content, 0)
    const reader = new DeltaReader({
      next: byteReader(transfer),
      baseBytes: offer.baseBytes,
      outputBytes: offer.contentBytes,
      readBase: (at, into) => wanted.base!.read(at, into),
      readOutput: (at, into) => content.read(at, into),
      write: (bytes) => writer.write(bytes) === undefined,
    })
    this.#slice(reader, writer, content)
  }

  #slice(reader: DeltaReader, writer: StagingWriter, content: StagingObject): void {
    const progress = reader.proceed(SLICE_BYTES)
    if (progress === 'more') {
      this.#cancelSlice = this.#parts.timers.after(0, () => this.#slice(reader, writer, content))
      return
    }
    this.#isMaking = false
    const { chip, wanted, offset } = this.#parts
    if (progress === 'malformed') this.#again(UpdateError.TRANSFER, 'The delta is malformed.')
    else if (progress === 'refused' || writer.finish() !== undefined) {
      this.#fail(UpdateError.FLASH, 'Staging did not take the content.')
    } else {
      const hash = hashReader(chip.engines, content, content.facts.bytes)
      if (equalBytes(hash, wanted.hash)) this.#finish({ offset, bytes: content.facts.bytes })
      else this.#again(UpdateError.TRANSFER, `The delta makes ${toHex(hash)}.`)
    }
  }

  #finish(staged: StagedLayer): void {
    this.#isOver = true
    this.#parts.done(staged)
  }

  /** What came is of no use. Another try asks for the whole content; then it is a failure. */
  #again(error: UpdateError, detail: string): void {
    this.#hangUp()
    // What is wrong must not be found again and gone on from.
    const isWhole = this.#form === LayerForm.WHOLE
    this.#parts.chip.externalFlash.erase(isWhole ? this.#parts.offset : transferHeader)
    this.#writer = undefined
    if (isWhole) {
      this.#fail(error, detail)
      return
    }
    this.#isWholeOnly = true
    this.#form = LayerForm.WHOLE
    this.#cancelSlice = this.#parts.timers.after(0, () => this.proceed())
  }

  #fail(error: UpdateError, detail: string): void {
    if (this.#isOver) return
    this.cancel()
    this.#parts.failed({ error, detail })
  }
}

/** One byte after another, zeros behind the end. */
function byteReader(object: StagingObject): () => number {
  const window = new Uint8Array(256)
  const { bytes } = object.facts
  let at = 0
  return () => {
    if (at >= bytes) return 0
    if (at % window.length === 0)
      object.read(at, window.subarray(0, Math.min(window.length, bytes - at)))
    return window[at++ % window.length]!
  }
}
