/**
 * From an accepted branch into the veneers to the handler of the call, and its status back.
 *
 * Handlers are found by name in one table; its type says that each answers only what the call's
 * own list in protocol allows.
 */
import {
  readArguments,
  Status,
  type SystemCallHandler,
  type SystemCallName,
  systemCallAt,
  systemCalls,
} from '@microvisor/protocol'
import type { Kernel } from './kernel.ts'
import * as channels from './syscalls/channels.ts'
import * as config from './syscalls/config.ts'
import * as device from './syscalls/device.ts'
import * as externalFlash from './syscalls/external-flash.ts'
import * as factoryTest from './syscalls/factory-test.ts'
import * as fastInterrupts from './syscalls/fast-interrupts.ts'
import * as http from './syscalls/http.ts'
import * as logging from './syscalls/logging.ts'
import * as mqtt from './syscalls/mqtt.ts'
import * as mqttAnswers from './syscalls/mqtt-answers.ts'
import * as network from './syscalls/network.ts'
import * as notifications from './syscalls/notifications.ts'
import * as power from './syscalls/power.ts'
import * as restart from './syscalls/restart.ts'
import * as wifi from './syscalls/wifi.ts'

/** `undefined`: the application was stopped or restarted, and the call does not return to it. */
export type Handler<Name extends SystemCallName> = SystemCallHandler<Name, Kernel, undefined>

const handlers: { readonly [Name in SystemCallName]: Handler<Name> } = {
  ...channels,
  ...config,
  ...device,
  ...externalFlash,
  ...http,
  ...factoryTest,
  ...fastInterrupts,
  ...logging,
  ...mqtt,
  ...mqttAnswers,
  ...network,
  ...notifications,
  ...power,
  ...restart,
  ...wifi,
}

/** The releases whose calls answer UNAVAILABLE to an interrupt handler; older calls are carried out. */
const refusedInHandlers: readonly string[] = ['0.6.5', '0.7.0']

export function dispatch(kernel: Kernel, address: number): number | undefined {
  const { application: world } = kernel.hardware
  const name = systemCallAt(address)
  if (name === undefined) return Status.UNAVAILABLE
  const handler = handlers[name] as Handler<SystemCallName>
  const isRefused = world.isInHandlerMode && refusedInHandlers.includes(systemCalls[name].since)
  if (isRefused) return Status.UNAVAILABLE
  return handler(
    kernel,
    readArguments(name, (index) => world.argument(index)),
  )
}
