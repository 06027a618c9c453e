/**
 * Crash reports for the eyes of whoever holds the private half of the manifest's crash report key:
 * what a report tells of the application travels as one sealed piece, and its fields are empty.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type CrashReport, CrashReportSchema } from './generated/link_pb.js'
import { type GcmEngines, type HpkeAgreement, hpkeOpen, hpkeSeal } from './hpke.ts'
import { joinBytes } from './join-bytes.ts'
import { encodeUtf8 } from './text.ts'

type CrashReportInit = MessageInitShape<typeof CrashReportSchema>

const INFO = 'microvisor crash report'
const SENDER_BYTES = 65
const REGISTERS = 17

/** The report as it may be sent. The exception's name, the application and the restart stay readable. */
export function sealCrashReport(
  engines: GcmEngines,
  agreement: HpkeAgreement,
  report: CrashReportInit,
): CrashReportInit {
  const plain = toBinary(CrashReportSchema, create(CrashReportSchema, report))
  const ciphertext = hpkeSeal(engines, agreement, encodeUtf8(INFO), plain)
  const { id, exception, manifestHash, restartInMs, microseconds } = report
  return {
    ...(id !== undefined && { id }),
    ...(exception !== undefined && { exception }),
    ...(manifestHash !== undefined && { manifestHash }),
    ...(restartInMs !== undefined && { restartInMs }),
    ...(microseconds !== undefined && { microseconds }),
    registers: new Array<number>(REGISTERS).fill(0),
    sealed: joinBytes([agreement.sender, ciphertext]),
  }
}

/** The whole report; undefined if it was not sealed for this receiver, or was changed. */
export function openCrashReport(
  engines: GcmEngines,
  receiver: Uint8Array,
  agree: (senderKey: Uint8Array) => Uint8Array | undefined,
  sealed: Uint8Array,
): CrashReport | undefined {
  const sender = sealed.slice(0, SENDER_BYTES)
  const shared = sender.length === SENDER_BYTES ? agree(sender) : undefined
  if (shared === undefined) return undefined
  const ciphertext = sealed.slice(SENDER_BYTES)
  const agreement = { shared, sender, receiver }
  const plain = hpkeOpen(engines, agreement, encodeUtf8(INFO), ciphertext)
  try {
    return plain && fromBinary(CrashReportSchema, plain)
  } catch {
    return undefined
  }
}
