/** Every peripheral of the catalogue, wired to what a chip has. */
import { peripheralPlaces } from './address-map.ts'
import { assert } from './assert.ts'
import type { FlashChip } from './flash.ts'
import type { NotModelled } from './not-modelled.ts'
import { catalogue, type Models } from './peripherals/catalogue.ts'
import type { WireSet } from './wire.ts'
import type { SystemBus, Wiring } from './wiring.ts'

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
