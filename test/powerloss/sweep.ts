/**
 * Cuts the power at every flash operation of an update, and looks at what is left.
 *
 * After each cut the flash must keep the invariants of the update, the device must start without a
 * network with the old application whole or the new one whole, and with a network it must end with
 * the new one, reported as such and without any failure on the way.
 */
import type { PowerCutPlan } from '@microvisor/mcu'
import type { Bench } from '@microvisor/microvisor/testing/bench'
import { brokenInvariants, isFirstStartDue } from '@microvisor/microvisor/testing/inspection'
import { TestEngines } from '@microvisor/microvisor/testing/test-engines'
import type { LayerContent, SignedApplication } from '@microvisor/microvisor/testing/trust'
import { equalBytes, UpdatePhase, WakeReason } from '@microvisor/protocol'
import { cutsInRecovery, everyCut } from './cut-plans.ts'
import type { NetworkConditions, PoweredDevice } from './powered-device.ts'

export interface Version {
  readonly application: SignedApplication
  readonly layers: readonly LayerContent[]
}

export interface Scenario {
  readonly name: string
  /** What is installed before; none: the first installation. */
  readonly from: Version | undefined
  readonly to: Version
  /** A change of keys that comes with it. */
  readonly newKeys?: Uint8Array
  /** None: one that holds. */
  readonly network?: NetworkConditions
  /** Something done to the flash before, by hand. */
  readonly setUp?: (device: PoweredDevice) => void
}

export interface SweepResult {
  /** Flash operations of one undisturbed update. */
  readonly operations: number
  readonly cuts: number
  /** One sentence for each thing that was wrong, with the cut that shows it. */
  readonly violations: string[]
}

/**
 * One cut at every operation, before, inside and after it; until so many violations are found. Of more
 * than so many operations a sample, evenly spread, is cut at; where it begins, the seed says.
 */
export function sweep(
  device: PoweredDevice,
  scenario: Scenario,
  limits: { seed: number; violationsMax: number; operationsMax: number },
): SweepResult {
  const { seed, violationsMax, operationsMax } = limits
  const operations = prepare(device, scenario)
  const stride = Math.ceil(operations / operationsMax)
  const violations: string[] = []
  let cuts = 0
  for (const plans of everyCut(operations, { seed, stride })) {
    if (violations.length >= violationsMax) break
    device.rewind()
    cuts++
    violations.push(...afterCuts(device, scenario, plans))
  }
  return { operations, cuts, violations }
}

export function doubleCuts(
  device: PoweredDevice,
  scenario: Scenario,
  where: { seed: number; count: number },
): SweepResult {
  const operations = prepare(device, scenario)
  const violations: string[] = []
  for (const plans of cutsInRecovery(operations, where)) {
    device.rewind()
    violations.push(...afterCuts(device, scenario, plans))
  }
  return { operations, cuts: 2 * where.count, violations }
}

/** Brings the device to the start of the scenario and counts the operations of the update. */
function prepare(device: PoweredDevice, scenario: Scenario): number {
  const { from, to, setUp, newKeys, network } = scenario
  if (from !== undefined) device.live(from.application)
  setUp?.(device)
  device.newKeys = newKeys
  if (network !== undefined) device.network = network
  device.keep()
  const whole = device.live(to.application)
  const { operations } = device.supply
  if (whole === undefined || !holds(device, to))
    throw new Error('The update fails without any cut.')
  return operations
}

function afterCuts(
  device: PoweredDevice,
  { from, to }: Scenario,
  plans: readonly PowerCutPlan[],
): string[] {
  const broken: string[] = []
  for (const plan of plans) {
    // The second cut may lie behind the end of the recovery: then there is none.
    device.live(to.application, plan)
    device.supply.powerUp()
    broken.push(...brokenInvariants(chipOf(device)))
  }
  const isFirstStart = isFirstStartDue(chipOf(device))
  const alone = device.live()
  broken.push(...checkAlone(device, alone!, from, to))
  broken.push(...checkWakeReason(alone!, isFirstStart))
  const connected = device.live(to.application)
  broken.push(...checkConnected(device, connected!, to))
  const where = plans.map(({ operation, phase }) => `${phase} ${operation}`).join(', ')
  return broken.map((sentence) => `cut ${where}: ${sentence}`)
}

/** What must hold on a device that has no network. */
function checkAlone(
  device: PoweredDevice,
  bench: Bench,
  from: Version | undefined,
  to: Version,
): string[] {
  const { starts } = bench.hardware.application
  if (starts.length === 0) {
    return from === undefined ? [] : ['without a network nothing runs']
  }
  const isOld = from !== undefined && holds(device, from)
  return isOld || holds(device, to) ? [] : ['what runs is neither the old application nor the new']
}

/** The new application learns that it is new, even if power went before it could. */
function checkWakeReason(bench: Bench, isFirstStart: boolean): string[] {
  const expected = isFirstStart ? WakeReason.APPLICATIONUPDATE : WakeReason.COLDBOOT
  const isRight = !bench.hardware.application.isRunning || bench.wakeReason === expected
  return isRight ? [] : [`the wake reason is ${bench.wakeReason} instead of ${expected}`]
}

/** What must hold once the cloud could be reached. */
function checkConnected(device: PoweredDevice, bench: Bench, to: Version): string[] {
  const broken: string[] = []
  const { cloud, hardware } = bench
  if (!hardware.application.isRunning) broken.push('nothing runs after the update')
  if (!holds(device, to)) broken.push('flash does not hold the new application')
  const state = cloud.last('deviceState') ?? cloud.last('hello')?.state
  if (state === undefined || !equalBytes(state.manifestHash, to.application.hash)) {
    broken.push('the device does not report the new application')
  }
  const failure = cloud.all('updateProgress').find(({ phase }) => phase === UpdatePhase.FAILED)
  if (failure !== undefined) broken.push(`an update failed: ${failure.detail}`)
  return broken
}

export function chipOf(device: PoweredDevice) {
  return { ...device.flash, engines: new TestEngines(1) }
}

/** True if flash holds each layer's content, and nothing else in its region. */
function holds(device: PoweredDevice, { layers }: Version): boolean {
  return layers.every(({ region, content }) => {
    const cells = region.place === 'internal' ? device.internal : device.external
    const found = cells.bytes.subarray(region.start, region.start + region.size)
    const rest = found.subarray(content.length)
    return equalBytes(found.subarray(0, content.length), content) && rest.every((b) => b === 0xff)
  })
}
