/**
 * One peripheral on a test bench: its registers by name, virtual time that only the test moves,
 * and a record of its interrupt and DMA request lines.
 */
import type { AccessSize } from '../../bus.ts'
import type { Layout, RegisterFile } from '../../registers.ts'
import { EventQueue } from '../../scheduler.ts'

interface Model<L extends Layout> {
  readonly registers: RegisterFile<L>
  reset(): void
}

export class BenchTime {
  cycle = 0
  readonly scheduler = new EventQueue(() => this.cycle)

  /** Lets time pass until `cycle`; every event happens at its own. */
  runTo(cycle: number): void {
    while (this.scheduler.next <= cycle) {
      this.cycle = Math.max(this.cycle, this.scheduler.next)
      this.scheduler.runDue()
    }
    this.cycle = cycle
  }

  /** Until nothing is left to happen; `limit` cycles at the most. */
  settle(limit = 1e9): void {
    const end = this.cycle + limit
    while (this.scheduler.next <= end) this.runTo(this.scheduler.next)
  }
}

/** Levels of lines by name, as the peripheral last set them. */
export class BenchLines {
  readonly levels = new Map<string, boolean>()

  readonly set = (name: string, isHigh: boolean): void => void this.levels.set(name, isHigh)

  is(name: string): boolean {
    return this.levels.get(name) ?? false
  }
}

/** Reads and writes registers by name, as non-secure code does. */
export function access<L extends Layout>(layout: L, model: Model<L>) {
  const at = (name: keyof L & string, byte: number) => layout[name].offset + byte
  return {
    read: (name: keyof L & string, size: AccessSize = 4, byte = 0) =>
      model.registers.read(at(name, byte), size, false),
    write: (name: keyof L & string, value: number, size: AccessSize = 4, byte = 0) =>
      model.registers.write(at(name, byte), size, value >>> 0, false),
  }
}
