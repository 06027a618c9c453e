/** Channels on the bench: opened as an application does, with both ends in the test's hand. */
import { ChannelType, Status, type StructValue } from '@microvisor/protocol'
import type { Bench } from './bench.ts'
import { runningBench } from './running.ts'
import type { TestChannel } from './test-channel.ts'

export const CHANNEL_TAG = 77

export interface OpenChannel {
  readonly bench: Bench
  readonly handle: number
  /** The cloud's end of it. */
  readonly cloud: TestChannel
  readonly receive: number
  readonly send: number
  /** Event types of the notifications about it, in their order. */
  readonly events: () => number[]
}

interface Sizes {
  readonly receiveBytes?: number
  readonly sendBytes?: number
}

/** Arguments of mvOpenChannel with which it is accepted. */
export function openArguments(
  bench: Bench,
  type: ChannelType,
  { receiveBytes = 2560, sendBytes = 2560 }: Sizes = {},
  center = bench.center(47, 64).handle,
): { fields: StructValue<'MvOpenChannelParams'>; args: number[] } {
  const endpoint = type === ChannelType.OPAQUEBYTES ? 'echo' : ''
  const fields = {
    version: 1,
    notification_handle: center,
    notification_tag: CHANNEL_TAG,
    network_handle: networkHandle(bench, center),
    receive_buffer: bench.place(receiveBytes, 512),
    receive_buffer_len: receiveBytes,
    send_buffer: bench.place(sendBytes, 512),
    send_buffer_len: sendBytes,
    channel_type: type,
    endpoint: sizedString(bench, endpoint),
  }
  return { fields, args: [bench.struct('MvOpenChannelParams', fields), bench.place(4)] }
}

export function openChannel(
  type: ChannelType,
  sizes: Sizes = {},
  bench: Bench = runningBench(),
): OpenChannel {
  const center = bench.center(bench.freeIrq(), 64)
  const { fields, args } = openArguments(bench, type, sizes, center.handle)
  const status = bench.call('mvOpenChannel', ...args)
  if (status !== Status.OKAY) throw new Error(`mvOpenChannel answered ${status}`)
  bench.run()
  return {
    bench,
    handle: bench.word(args[1]!),
    cloud: bench.cloud.channels.at(-1)!,
    receive: fields.receive_buffer,
    send: fields.send_buffer,
    events: () => eventsIn(bench, center.buffer),
  }
}

export function sizedString(bench: Bench, text: string | Uint8Array) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  return { data: bench.place(bytes), length: bytes.length }
}

/** The status by which an application sees that it made a mistake with a call. */
export function expectOkay(status: number | undefined): void {
  if (status !== Status.OKAY) throw new Error(`answered ${status}`)
}

function networkHandle(bench: Bench, center: number): number {
  const out = bench.place(4)
  const fields = { version: 1, notification_handle: center, notification_tag: 1 }
  expectOkay(bench.call('mvRequestNetwork', bench.struct('MvRequestNetworkParams', fields), out))
  return bench.word(out)
}

function eventsIn(bench: Bench, buffer: number): number[] {
  const events: number[] = []
  for (let at = buffer; at < buffer + 64 * 16; at += 16) {
    const event = bench.word(at + 8)
    if (event !== 0 && bench.word(at + 12) === CHANNEL_TAG) events.push(event)
  }
  return events
}
