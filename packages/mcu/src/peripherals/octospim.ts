/**
 * OCTOSPIM: which OCTOSPI is on which port of pins. RM0456, chapter "Octo-SPI I/O manager
 * (OCTOSPIM)".
 *
 * Clock, chip select and the two halves of the data lines of each port come from the OCTOSPI that
 * its register selects. The wires `OCTOSPI1_P1`, … tell each OCTOSPI where it is led to.
 *
 * Not modelled, and reported: two OCTOSPIs multiplexed on one port.
 */
import { RegisterFile, reg, rw, tagged } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const port = (offset: number, reset: number) =>
  reg(
    offset,
    {
      ...{ CLKEN: rw(0), CLKSRC: rw(1), DQSEN: rw(4), DQSSRC: rw(5), NCSEN: rw(8), NCSSRC: rw(9) },
      ...{ IOLEN: rw(16), IOLSRC: rw(17, 2), IOHEN: rw(24), IOHSRC: rw(25, 2) },
    },
    reset,
  )

export const octospimLayout = {
  CR: reg(0x00, { MUXEN: tagged(0), REQ2ACK_TIME: tagged(16, 8) }),
  P1CR: port(0x04, 0x0301_0111),
  P2CR: port(0x08, 0x0705_0333),
} as const

const PORTS = [1, 2] as const
type PortNumber = (typeof PORTS)[number]

export class Octospim implements Peripheral {
  readonly registers: RegisterFile<typeof octospimLayout>
  readonly #outputs: { unit: PortNumber; port: PortNumber; line: 'L' | 'H'; output: Output }[]

  constructor(wiring: Wiring) {
    const write = { write: () => this.#route() }
    this.registers = new RegisterFile(octospimLayout, { P1CR: write, P2CR: write })
    this.#outputs = PORTS.flatMap((unit) =>
      PORTS.flatMap((to) =>
        (['L', 'H'] as const).map((line) => ({
          ...{ unit, port: to, line },
          output: wiring.wire(portWire(unit, to, line)).connect(),
        })),
      ),
    )
    this.#route()
  }

  reset(): void {
    this.registers.reset()
    this.#route()
  }

  #route(): void {
    for (const { unit, port: to, line, output } of this.#outputs) {
      output.set(this.#leads(unit, to) && this.#carries(unit, to, line))
    }
  }

  /** Clock and chip select of this port are the OCTOSPI's. */
  #leads(unit: PortNumber, to: PortNumber): boolean {
    const { registers: r } = this
    return (['CLK', 'NCS'] as const).every(
      (signal) => r.is(`P${to}CR`, `${signal}EN`) && r.get(`P${to}CR`, `${signal}SRC`) === unit - 1,
    )
  }

  /** Its lines IO0 to IO3 (`L`) or IO4 to IO7 (`H`) are on either half of the port. */
  #carries(unit: PortNumber, to: PortNumber, line: 'L' | 'H'): boolean {
    const { registers: r } = this
    const wanted = (unit - 1) * 2 + Number(line === 'H')
    return (['IOL', 'IOH'] as const).some(
      (half) => r.is(`P${to}CR`, `${half}EN`) && r.get(`P${to}CR`, `${half}SRC`) === wanted,
    )
  }
}

/** High while the OCTOSPI's clock, chip select and this half of its lines are led to the port. */
export function portWire(unit: number, to: number, line: 'L' | 'H'): string {
  return `OCTOSPI${unit}_P${to}_${line}`
}

export const octospims = { OCTOSPIM: (wiring) => new Octospim(wiring) } satisfies Makers
