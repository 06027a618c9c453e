/**
 * A debugger's line to a device whose connection is on another server: the WebSocket's bytes go
 * through a pipe on the bus to the server that has the device, which opens the stream there as if the
 * debugger were its own. Both ends pass the other's slowness on.
 *
 * The server is found by asking for the connection that the device's row names; the one that has it
 * answers. If it has died meanwhile, nobody does, and the line ends after a silence.
 */
import { randomUUID } from 'node:crypto'
import { type Bus, deviceNotices } from '../events/bus.ts'
import { BusPipe, type PipeTimes } from '../events/bus-pipe.ts'
import type { DebugLine, DebugPeer, DebugWish } from './debug-line.ts'

/** Bytes of the debugger that may wait for the other server before it is asked to pause. */
const WAITING_BYTES = 262_144

export interface FarLineRequest extends DebugWish {
  readonly bus: Bus
  readonly connection: string
  readonly times: PipeTimes
}

/** Where the debugger is. */
export function openFarLine(request: FarLineRequest, peer: DebugPeer): DebugLine {
  const { bus, deviceSid, connection, holder, times } = request
  const topic = deviceNotices(deviceSid)
  const name = randomUUID()
  const ended = (detail: string) => {
    stop()
    peer.closed(detail)
  }
  const pipe = new BusPipe({
    ...{ bus, name, times, ended },
    side: 'people',
    receive: (bytes) => peer.receive(bytes),
  })
  const giveUp = (detail: string) => {
    pipe.close(detail)
    ended(detail)
  }
  const stop = bus.subscribe(topic, (notice) => {
    if (notice.kind === 'removed') giveUp('The device was removed.')
    else if (notice.kind === 'connected' && notice.connection !== connection)
      giveUp('The device has connected anew.')
  })
  void bus.settle().then(() => {
    bus.publish(topic, { kind: 'debug', connection, pipe: name, holder })
  })
  return {
    write: paced(pipe, peer),
    close: () => {
      stop()
      pipe.close('The debugger has gone.')
    },
  }
}

function paced(pipe: BusPipe, peer: DebugPeer): DebugLine['write'] {
  let waitingBytes = 0
  return (bytes) => {
    waitingBytes += bytes.length
    if (waitingBytes >= WAITING_BYTES) peer.mayGoOn(false)
    void pipe.write(bytes).then(() => {
      waitingBytes -= bytes.length
      if (waitingBytes < WAITING_BYTES) peer.mayGoOn(true)
    })
  }
}

export interface FarLineService {
  readonly bus: Bus
  readonly pipe: string
  readonly times: PipeTimes
  /** Opens the stream to the device. */
  readonly open: (peer: DebugPeer) => DebugLine
}

/** Where the device is. */
export function serveFarLine({ bus, pipe: name, times, open }: FarLineService): void {
  const room = new Room()
  const pipe: BusPipe = new BusPipe({
    ...{ bus, name, times },
    side: 'device',
    receive: async (bytes) => {
      ;(await line)?.write(bytes)
      await room.open
    },
    ended: async () => (await line)?.close(),
  })
  // The device is troubled only for a debugger that is still there.
  const line = pipe.heard.then((isThere) => {
    if (!isThere) return undefined
    return open({
      receive: (bytes) => pipe.write(bytes),
      mayGoOn: (isRoom) => room.set(isRoom),
      closed: (detail) => {
        room.set(true)
        pipe.close(detail)
      },
    })
  })
  void pipe.begin()
}

/** Whether the device takes more, as something to wait for. */
class Room {
  open: Promise<void> = Promise.resolve()
  #resolve: () => void = () => undefined

  set(isRoom: boolean): void {
    this.#resolve()
    this.#resolve = () => undefined
    if (isRoom) return
    this.open = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }
}
