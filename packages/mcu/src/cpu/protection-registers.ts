/** The registers of the MPUs and the SAU. Armv8-M ARM, D1.2. */
import type { Entry } from './private-bus.ts'
import type { Protection, RegionFile } from './protection.ts'

export interface ProtectionParts {
  readonly protection: Protection
  protectionChanged(): void
}

export function protectionRegisters(parts: ProtectionParts): Entry[] {
  return [...mpuRegisters(parts), ...sauRegisters(parts)]
}

type Guard = (isSecure: boolean) => RegionFile | undefined

/** CTRL, RNR, RBAR and RLAR of a region file; `guard` gives the file that a view may see. */
function regionRegisters(
  base: number,
  prefix: string,
  guard: Guard,
  masks: { control: number; rbar: number },
  changed: () => void,
): Entry[] {
  const entry = (
    offset: number,
    name: string,
    get: (file: RegionFile) => number,
    put: (file: RegionFile, value: number) => void,
  ): Entry => [
    base + offset,
    {
      name: `${prefix}_${name}`,
      read: (s) => {
        const file = guard(s)
        return file ? get(file) >>> 0 : 0
      },
      write: (value, s) => {
        const file = guard(s)
        if (file) put(file, value)
        changed()
      },
    },
  ]
  const pair = (offset: number, at: (file: RegionFile) => number, suffix: string): Entry[] => [
    entry(
      offset,
      `RBAR${suffix}`,
      (file) => file.rbar(at(file)),
      (file, value) => file.setRbar(at(file), value & masks.rbar),
    ),
    entry(
      offset + 4,
      `RLAR${suffix}`,
      (file) => file.rlar(at(file)),
      (file, value) => file.setRlar(at(file), value),
    ),
  ]
  const aliases = prefix === 'MPU' ? [1, 2, 3] : []
  return [
    entry(
      0,
      'CTRL',
      (file) => file.control,
      (file, value) => {
        file.control = value & masks.control
      },
    ),
    entry(
      prefix === 'MPU' ? 4 : 8,
      'RNR',
      (file) => file.number,
      (file, value) => {
        file.number = value & 7
      },
    ),
    ...pair(prefix === 'MPU' ? 8 : 12, (file) => file.number, ''),
    ...aliases.flatMap((n) => pair(8 + n * 8, (file) => (file.number & 4) | n, `_A${n}`)),
  ]
}

function mpuRegisters({ protection, protectionChanged }: ProtectionParts): Entry[] {
  const { mpu, mair } = protection
  const guard = (s: boolean) => (s ? mpu.secure : mpu.nonSecure)
  const masks = { control: 7, rbar: 0xffff_ffff }
  return [
    ...regionRegisters(0xe000_ed94, 'MPU', guard, masks, protectionChanged),
    ...([0, 1] as const).map(
      (at): Entry => [
        0xe000_edc0 + at * 4,
        {
          name: `MPU_MAIR${at}`,
          read: (s) => mair[s ? 'secure' : 'nonSecure'][at],
          write: (value, s) => {
            mair[s ? 'secure' : 'nonSecure'][at] = value
            protectionChanged()
          },
        },
      ],
    ),
  ]
}

function sauRegisters({ protection, protectionChanged }: ProtectionParts): Entry[] {
  const guard = (s: boolean) => (s ? protection.sau : undefined)
  const masks = { control: 3, rbar: 0xffff_ffe0 }
  return regionRegisters(0xe000_edd0, 'SAU', guard, masks, protectionChanged)
}
