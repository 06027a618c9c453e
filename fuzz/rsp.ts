/**
 * The local port that GDB speaks to: bytes that are no packets, and packets that begin as real ones do
 * and go on anyhow. The reader and the session must not throw, and every packet is answered, unless it
 * makes the application run or ends the session.
 */
import assert from 'node:assert/strict'
import { GdbSession } from '../packages/cli/src/debug/gdb/gdb-session.ts'
import { encodePacket, PacketReader } from '../packages/cli/src/debug/gdb/packets.ts'
import { Target } from '../packages/cli/src/debug/target.ts'
import { seededRandom } from '../packages/mcu/src/index.ts'
import { BareDevice } from '../test/debug/bare-device.ts'

const BEGINNINGS = [
  ...[
    'g',
    'G',
    'p',
    'P',
    'm',
    'x',
    'M',
    'X',
    'Z0,',
    'Z1,',
    'Z2,',
    'Z9,',
    'z0,',
    'z1,',
    'H',
    'T',
    '?',
  ],
  ...[
    'qSupported',
    'qXfer:features:read:target.xml:',
    'qXfer:memory-map:read::',
    'qCRC:',
    'qRcmd,',
  ],
  ...[
    'vFlashErase:',
    'vFlashWrite:',
    'vFlashDone',
    'qfThreadInfo',
    'vMustReplyEmpty',
    'vCont?',
    '!',
  ],
] as const
const SILENT = /^(?:k|D|R|vCont;|c|s|C|S)/

export async function fuzz({ seed, count }: { seed: number; count: number }): Promise<void> {
  const random = seededRandom(seed)
  const upTo = (most: number) => random() % most
  const device = new BareDevice(new Uint8Array(0x400))
  const target = new Target({
    foresees: true,
    connect: async () => device.tunnel(),
    events: { output() {}, note() {}, ended() {} },
  })
  await target.connect()
  await target.attach()
  let answers = 0
  const session = new GdbSession(target, {
    send: () => answers++,
    stopAcknowledging: () => undefined,
    close: () => undefined,
  })
  for (let turn = 0; turn < count; turn++) {
    const noise = Uint8Array.from({ length: upTo(80) }, () => upTo(256))
    const packet = Buffer.from(somePacket(upTo), 'latin1')
    const received = [
      ...new PacketReader().push(noise),
      ...new PacketReader().push(encodePacket(packet)),
    ]
    const last = received.at(-1)
    assert.ok(last?.kind === 'packet' && packet.equals(last.data), `seed ${seed}: ${packet}`)
    answers = 0
    if (!SILENT.test(packet.toString('latin1'))) {
      await session.packet(packet)
      assert.ok(answers > 0, `seed ${seed}: no answer to ${packet}`)
    }
  }
  target.close()
}

function somePacket(upTo: (most: number) => number): string {
  const characters = '0123456789abcdef,;:X=$#}*\x00\xff '
  const rest = () => characters[upTo(characters.length)]!
  const number = () =>
    upTo(2 ** 31)
      .toString(16)
      .slice(0, 1 + upTo(8))
  const middle = upTo(2) ? `${number()},${number().slice(0, 4)}` : ''
  const end = Array.from({ length: upTo(2) ? 0 : upTo(20) }, rest).join('')
  return `${BEGINNINGS[upTo(BEGINNINGS.length)]}${middle}${end}`
}
