/** The NVIC's registers: enable, pending, active, target and priority of interrupts. D1.2, "NVIC". */
import { EXCEPTION } from './faults.ts'
import { IRQ_COUNT, type Nvic, PRIORITY_MASK } from './nvic.ts'
import type { Entry } from './private-bus.ts'

export function interruptRegisters(nvic: Nvic, refresh: () => void): Entry[] {
  const entries: Entry[] = []
  const add = (base: number, name: string, array: Uint8Array, act?: (number: number) => void) => {
    for (let bank = 0; bank < 4; bank++) {
      const read = (s: boolean) => bitsOf(nvic, array, bank, s)
      const write = (value: number, s: boolean) =>
        eachIrq(nvic, bank, s, (number, bit) => {
          if ((value >>> bit) & 1) act?.(number)
        })
      entries.push([base + bank * 4, { name: `${name}${bank}`, read, clearsByOnes: true, write }])
    }
  }
  add(0xe000_e100, 'NVIC_ISER', nvic.enabled, (number) => nvic.setEnabled(number, true))
  add(0xe000_e180, 'NVIC_ICER', nvic.enabled, (number) => nvic.setEnabled(number, false))
  add(0xe000_e200, 'NVIC_ISPR', nvic.pending, (number) => nvic.setPending(number))
  add(0xe000_e280, 'NVIC_ICPR', nvic.pending, (number) => nvic.clearPending(number))
  add(0xe000_e300, 'NVIC_IABR', nvic.active)
  for (let bank = 0; bank < 4; bank++) entries.push(targetRegister(nvic, bank, refresh))
  for (let at = 0; at < Math.ceil(IRQ_COUNT / 4); at++) {
    entries.push(priorityRegister(nvic, at, refresh))
  }
  return entries
}

function targetRegister(nvic: Nvic, bank: number, refresh: () => void): Entry {
  return [
    0xe000_e380 + bank * 4,
    {
      name: `NVIC_ITNS${bank}`,
      read: (s) => (s ? bitsOf(nvic, nvic.nonSecure, bank, true) : 0),
      write: (value, s) => {
        if (!s) return
        eachIrq(nvic, bank, true, (number, bit) => {
          nvic.nonSecure[number] = (value >>> bit) & 1
        })
        refresh()
      },
    },
  ]
}

function priorityRegister(nvic: Nvic, at: number, refresh: () => void): Entry {
  const each = (s: boolean, body: (number: number, shift: number) => void) => {
    for (let byte = 0; byte < 4; byte++) {
      const number = EXCEPTION.firstIrq + at * 4 + byte
      const exists = number < EXCEPTION.firstIrq + IRQ_COUNT
      if (exists && nvic.isSeenBy(s, number)) body(number, byte * 8)
    }
  }
  return [
    0xe000_e400 + at * 4,
    {
      name: `NVIC_IPR${at}`,
      read: (s) => {
        let value = 0
        each(s, (number, shift) => {
          value |= nvic.priority[number]! << shift
        })
        return value >>> 0
      },
      write: (value, s) => {
        each(s, (number, shift) => {
          nvic.priority[number] = (value >>> shift) & PRIORITY_MASK
        })
        refresh()
      },
    },
  ]
}

/** Calls `each` for the interrupts of one 32-bit bank that the view may touch. */
function eachIrq(
  nvic: Nvic,
  bank: number,
  isSecure: boolean,
  each: (n: number, bit: number) => void,
) {
  for (let bit = 0; bit < 32; bit++) {
    const number = EXCEPTION.firstIrq + bank * 32 + bit
    if (number >= EXCEPTION.firstIrq + IRQ_COUNT) return
    if (nvic.isSeenBy(isSecure, number)) each(number, bit)
  }
}

function bitsOf(nvic: Nvic, array: Uint8Array, bank: number, isSecure: boolean): number {
  let value = 0
  eachIrq(nvic, bank, isSecure, (number, bit) => {
    if (array[number] === 1) value |= 1 << bit
  })
  return value >>> 0
}
