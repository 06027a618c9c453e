/**
 * What the rows of statuses have in common: a row says in which state and with which arguments a
 * call answers a status.
 */
import assert from 'node:assert/strict'
import {
  Status,
  type StatusName,
  type SystemCallName,
  SystemNotificationSource,
} from '@microvisor/protocol'
import type { Bench } from '../bench.ts'

export const SECURE_RAM = 0x2008_0000
export const RCC = 0x4602_0c00

export type Arrange = (bench: Bench) => number[]
export type Row = readonly [call: SystemCallName, status: StatusName, arrange: Arrange]

export function inHandler(arrange: Arrange): Arrange {
  return (bench) => {
    const args = arrange(bench)
    bench.hardware.application.isInHandlerMode = true
    return args
  }
}

export function word(bench: Bench, value: number): number {
  const address = bench.place(4)
  bench.hardware.application.write(address, new Uint8Array(new Uint32Array([value]).buffer))
  return address
}

export function setup(
  bench: Bench,
  fields: { irq?: number; buffer?: number; buffer_size?: number },
): number[] {
  const base = { irq: 45, buffer: bench.place(128), buffer_size: 128 }
  return [bench.struct('MvNotificationSetup', { ...base, ...fields }), bench.place(4)]
}

export function opened(bench: Bench, irq: number): number {
  return bench.center(irq).handle
}

export function request(
  bench: Bench,
  fields: { version?: number; notification_handle?: number },
): number[] {
  const center = fields.notification_handle ?? bench.center(46).handle
  const base = { version: 1, notification_tag: 3, notification_handle: center }
  return [bench.struct('MvRequestNetworkParams', { ...base, ...fields }), bench.place(4)]
}

export function requested(bench: Bench): number {
  const [params, out] = request(bench, {})
  assert.equal(bench.call('mvRequestNetwork', params!, out!), Status.OKAY)
  return bench.word(out!)
}

export function subscribe(
  bench: Bench,
  fields: { notification_handle?: number; notification_source?: number },
): number[] {
  const base = {
    notification_handle: fields.notification_handle ?? bench.center(46).handle,
    notification_tag: 4,
    notification_source: SystemNotificationSource.NETWORK,
  }
  return [bench.struct('MvOpenSystemNotificationParams', { ...base, ...fields }), bench.place(4)]
}

export function subscribed(bench: Bench): number {
  const [params, out] = subscribe(bench, {})
  assert.equal(bench.call('mvOpenSystemNotification', params!, out!), Status.OKAY)
  return bench.word(out!)
}

export function logBuffer(bench: Bench): number {
  const buffer = bench.place(1024, 512)
  assert.equal(bench.call('mvServerLoggingInit', buffer, 1024), Status.OKAY)
  return buffer
}

/** Arguments of mvServerLog, with a log buffer given before. */
export function logging(bench: Bench, message: number, length: number): number[] {
  logBuffer(bench)
  return [message, length]
}

export function external(bench: Bench): number {
  const out = bench.place(4)
  assert.equal(bench.call('mvExternalFlashOpen', out), Status.OKAY)
  return bench.word(out)
}

export function info(bench: Bench, version: number): number {
  return bench.struct('MvExternalFlashInfo', { version, chip_id: 0, size: 0, num_handles: 0 })
}
