/**
 * The chip as data for people and debuggers: every instance with its place, registers, interrupt
 * lines and DMA requests. Registers come from the models' own tables; what is not modelled has
 * names only.
 */
import {
  type Field,
  gpdmaRequests,
  interruptLines,
  type Layout,
  lpdmaRequests,
  OTP_BYTES,
  type PeripheralPlace,
  peripheralPlaces,
  registerNames,
  Stm32u585,
  Supply,
} from '@microvisor/mcu'

export interface ChipInstance {
  readonly place: PeripheralPlace
  /** Of the model; undefined where there is none. */
  readonly layout: Layout | undefined
  /** Every register, modelled or named only, by offset. */
  readonly registers: readonly ChipRegister[]
  readonly interrupts: readonly { readonly name: string; readonly number: number }[]
  readonly requests: readonly string[]
}

export interface ChipRegister {
  readonly name: string
  readonly offset: number
  readonly reset: number
  readonly fields: Readonly<Record<string, Field>>
  readonly isModelled: boolean
  /** More than one: a row of words, numbered from 0. */
  readonly count: number
}

/** A row of registers without a model is one entry from this length on. */
const LONG_ROW = 16

/** Lines and requests that do not carry their instance's name. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  GTZC1_TZIC: ['GTZC'],
  DCMI: ['DCMI', 'DCMI_PSSI'],
  PSSI: ['DCMI_PSSI'],
  PWR: ['PVD_PVM', 'PWR_S3WU'],
  RCC: ['RCC', 'LSECSSD'],
}

export function chipInstances(): readonly ChipInstance[] {
  const chip = new Stm32u585({
    ...{ supply: new Supply(), hasSecureSide: false, kernelPins: [] },
    ...{ otp: new Uint8Array(OTP_BYTES), uniqueId: new Uint8Array(12) },
    events: { internalFlashChanged() {}, otpChanged() {}, pin() {}, serial() {} },
  })
  const layouts = new Map<string, Layout>([['RCC', chip.rcc.registers.layout]])
  for (const [name, { registers }] of Object.entries(chip.peripherals)) {
    layouts.set(name, registers.layout)
  }
  return peripheralPlaces
    .map((place) => describe(place, layouts.get(place.name)))
    .toSorted((a, b) => a.place.base - b.place.base)
}

function describe(place: PeripheralPlace, layout: Layout | undefined): ChipInstance {
  const isMine = (name: string) =>
    OTHER_NAMES[place.name]?.includes(name) ||
    name === place.name ||
    name.startsWith(`${place.name}_`)
  const requests = new Set<string>([...gpdmaRequests, ...lpdmaRequests].filter(isMine))
  return {
    ...{ place, layout, registers: registersOf(place, layout) },
    interrupts: interruptLines
      .map((name, number) => ({ name, number }))
      .filter(({ name }) => isMine(name)),
    requests: [...requests],
  }
}

function registersOf(place: PeripheralPlace, layout: Layout | undefined): ChipRegister[] {
  const modelled = Object.entries(layout ?? {}).map(([name, register]) => ({
    ...{ name, offset: register.offset, reset: register.reset, fields: register.fields },
    ...{ isModelled: true, count: 1 },
  }))
  const taken = new Set(modelled.map(({ offset }) => offset))
  const named = place.set === undefined ? [] : registerNames(place.set)
  const others = named.flatMap((name, word) =>
    name === undefined || taken.has(word * 4)
      ? []
      : [{ name, offset: word * 4, reset: 0, fields: {}, isModelled: false, count: 1 }],
  )
  return [...modelled, ...joinRows(others)].toSorted((a, b) => a.offset - b.offset)
}

function joinRows(registers: readonly ChipRegister[]): ChipRegister[] {
  const rows = Map.groupBy(registers, ({ name }) => name.replace(/\d+$/, ''))
  return [...rows].flatMap(([name, row]) =>
    row.length < LONG_ROW ? row : [{ ...row[0]!, name, count: row.length }],
  )
}

/** What a model stores without effect, as `CR1.WUPEN`, or `CFG2.SP (only 0)`. */
export function missingParts(instance: ChipInstance): string[] {
  return instance.registers.flatMap(({ name, fields, isModelled }) =>
    isModelled
      ? Object.entries(fields).flatMap(([field, { access, only }]) => {
          if (access === 'tagged') return [`${name}.${field}`]
          return only === undefined ? [] : [`${name}.${field} (only ${only.join(', ')})`]
        })
      : [name],
  )
}
