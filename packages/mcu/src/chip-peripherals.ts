/** Every peripheral of the catalogue, wired to what a chip has. */
import { peripheralPlaces } from './address-map.ts'
import { assert } from './assert.ts'
import type { FlashChip } from './flash.ts'
import type { NotModelled } from './not-modelled.ts'
import { catalogue, type Models } from './peripherals/catalogue.ts'
import type { WireSet } from './wire.ts'
import type { MappedWindow, Peripheral, SystemBus, Wiring } from './wiring.ts'

export interface ChipParts extends Pick<Wiring, 'scheduler' | 'pins' | 'clocks' | 'resetChip'> {
  readonly notModelled: NotModelled
  readonly interrupts: WireSet
  readonly dmaRequests: WireSet
  readonly triggers: WireSet
  /** Made after the peripherals. */
  memory(): SystemBus
  flash(): FlashChip
}

export function makePeripherals(parts: ChipParts): Models {
  const models = Object.entries(catalogue).map(([name, make]) => [name, make(wire(name, parts))])
  return Object.fromEntries(models) as Models
}

function wire(name: string, parts: ChipParts): Wiring {
  const { scheduler, pins, clocks, notModelled, resetChip } = parts
  const base = peripheralPlaces.find((place) => place.name === name)?.base
  assert(base !== undefined, `${name} is in the catalogue but not in the address map.`)
  return {
    ...{ name, scheduler, pins, clocks, resetChip },
    get memory() {
      return parts.memory()
    },
    get flash() {
      return parts.flash()
    },
    interrupt: (line) => parts.interrupts.get(line).connect(),
    dmaRequest: (request) => parts.dmaRequests.get(request).connect(),
    dmaWire: (request) => parts.dmaRequests.get(request),
    wire: (wire) => parts.triggers.get(wire),
    notModelled: (register, answer) =>
      notModelled.record({
        ...{ peripheral: name, register, address: base, direction: 'write', pc: 0, value: 0 },
        answer,
      }),
  }
}

/** As the chip's reset does, but for those that are kept. */
export function resetModels(models: Models, kept: readonly string[]): void {
  for (const [name, model] of Object.entries<Peripheral>(models)) {
    if (!kept.includes(name)) model.reset()
  }
}

/** What only the loss of VBAT, or RCC's BDRST, resets. */
export function resetBackup(models: Models): void {
  for (const model of Object.values<Peripheral>(models)) model.resetBackup?.()
}

/** What one bit of RCC's reset registers resets: it stands where the clock's enable bit does. */
export function resetByRcc(models: Models, register: string, bit: number): void {
  for (const { name, clock } of peripheralPlaces) {
    if (clock?.[0] !== register || clock[1] !== bit) continue
    if (name in models) models[name as keyof Models].reset()
  }
}

/** What the bus needs of the models, by name: registers, and memories that they map. */
export function busEntries(models: Models) {
  const entries = Object.entries<Peripheral>(models)
  return {
    modelled: new Map(entries.map(([name, { registers }]) => [name, registers])),
    windows: new Map<string, MappedWindow>(
      entries.flatMap(([name, { window }]) => (window ? [[name, window] as const] : [])),
    ),
  }
}

/** A value for each of the keys. */
export function recordOf<Key extends string, Value>(
  keys: readonly Key[],
  make: (key: Key) => Value,
): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Value>
}
