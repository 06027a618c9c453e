/**
 * What both machines printed, script by script, and what may differ. Each difference has its reason;
 * everything else must be equal to the last character.
 */

export interface Comparison {
  /** Scripts that differ, with both outputs from the first line that does. */
  readonly failures: readonly { script: number; qemu: string; mcu: string }[]
  /** How often each deliberate difference was met. */
  readonly differences: Readonly<Record<string, number>>
  readonly lines: number
}

/** A script whose output from some line on cannot be compared. */
interface Ending {
  readonly reason: string
  readonly applies: (qemu: string, mcu: string) => boolean
}

const ENDINGS: readonly Ending[] = [
  {
    reason: 'QEMU finds an odd halfword unaligned before it finds EPSR.T clear',
    applies: (qemu, mcu) => / cfsr=1000000 /.test(qemu) && / cfsr=20000 /.test(mcu),
  },
  {
    // armv7m_nvic_set_pending() is told that SecureFault is not a Secure exception.
    reason: "with AIRCR.PRIS, QEMU lowers the priority of SecureFault as a Non-secure exception's",
    applies: (qemu, mcu) =>
      /^S exception=3 /.test(qemu) &&
      /^S exception=7 /.test(mcu) &&
      frameOf(qemu) === frameOf(mcu) &&
      / hfsr=40000000 /.test(qemu),
  },
  {
    reason: 'QEMU aborts on a return in handler mode with an exception number of zero',
    applies: (qemu) => qemu.includes('Assertion'),
  },
  {
    reason: 'QEMU fetches without asking from pages that the same state has touched as data',
    applies: (qemu, mcu) => / cfsr=20000 /.test(qemu) && / sfsr=10 | cfsr=1 /.test(mcu),
  },
]

/** What was interrupted, whoever handles it. */
function frameOf(line: string): string {
  return line.replace(/^.*(?= frame=)/, '')
}

/** QEMU leaves SFAR alone when a Non-secure load or store touches Secure memory; Armv8-M ARM, D1.2, SFSR. */
const SECURE_ADDRESS = / sfsr=48 sfar=[0-9a-f]+/

const WITHOUT_ADDRESS = 'QEMU does not set SFSR.SFARVALID and SFAR for an instruction'

/** All of them, for the documentation. */
export const DIFFERENCES: readonly string[] = [
  WITHOUT_ADDRESS,
  ...ENDINGS.map(({ reason }) => reason),
]

export function compare(qemuText: string, mcuText: string): Comparison {
  const [qemu, mcu] = [split(qemuText), split(mcuText)]
  const failures: { script: number; qemu: string; mcu: string }[] = []
  const differences: Record<string, number> = {}
  const count = (reason: string) => {
    differences[reason] = (differences[reason] ?? 0) + 1
  }
  let lines = 0
  for (let script = 0; script < Math.max(qemu.length, mcu.length); script++) {
    const theirs = (qemu[script] ?? '').split('\n')
    const own = (mcu[script] ?? '').split('\n')
    const at = own.findIndex((line, number) => {
      if (line === theirs[number]) return false
      const isWithoutAddress = line.replace(SECURE_ADDRESS, ' sfsr=8') === theirs[number]
      if (isWithoutAddress) count(WITHOUT_ADDRESS)
      return !isWithoutAddress
    })
    lines += at < 0 ? own.length : at
    if (at < 0) continue
    const [line, other] = [theirs[at] ?? '', own[at]!]
    const ending = ENDINGS.find(({ applies }) => applies(line, other))
    if (ending) count(ending.reason)
    else failures.push({ script, qemu: theirs.slice(at).join('\n'), mcu: own.slice(at).join('\n') })
  }
  return { failures, differences, lines }
}

/** Output of each script, beginning with its number, which counts anew with each start of QEMU. */
function split(text: string): string[] {
  return text.split(/^(?= script=)/m).map((part) => part.replace(/^ script=.*/, ''))
}
