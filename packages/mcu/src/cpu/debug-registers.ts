/** DEMCR and the DWT's cycle counter. Armv8-M ARM, D1.2. */
import type { Entry } from './private-bus.ts'

const TRCENA = 1 << 24
const CYCCNTENA = 1

/** What the debug unit remembers. */
export class DebugControls {
  demcr = 0
  dwtControl = 0
  /** DWT_CYCCNT = cycles + offset. */
  cycleOffset = 0

  reset(): void {
    Object.assign(this, new DebugControls())
  }
}

export interface DebugParts {
  readonly debug: DebugControls
  cycles(): number
}

export function debugRegisters({ debug: controls, cycles }: DebugParts): Entry[] {
  const isCounting = () => (controls.demcr & TRCENA) !== 0 && (controls.dwtControl & 1) !== 0
  const count = () => (isCounting() ? cycles() + controls.cycleOffset : controls.cycleOffset)
  /** Keeps the counter's value while counting starts or stops. */
  const keeping = (change: () => void) => {
    const before = count()
    change()
    controls.cycleOffset = isCounting() ? before - cycles() : before
  }
  return [
    [
      0xe000_edfc,
      {
        name: 'DEMCR',
        read: () => controls.demcr,
        write: (value) =>
          keeping(() => {
            controls.demcr = value & TRCENA
          }),
      },
    ],
    [
      0xe000_1000,
      {
        name: 'DWT_CTRL',
        read: () => (4 << 28) | controls.dwtControl,
        write: (value) =>
          keeping(() => {
            controls.dwtControl = value & CYCCNTENA
          }),
      },
    ],
    [
      0xe000_1004,
      {
        name: 'DWT_CYCCNT',
        read: () => (count() % 2 ** 32) >>> 0,
        write: (value) => {
          controls.cycleOffset = isCounting() ? value - cycles() : value
        },
      },
    ],
  ]
}
