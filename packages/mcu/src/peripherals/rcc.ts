/**
 * RCC: reset and clock control. RM0456, chapter "Reset and clock control (RCC)".
 *
 * Oscillators and PLLs are ready at once; SWS follows SW at once, if what it selects runs. The
 * clock tree gives every bus and kernel clock its frequency (clock-tree.ts); enable bits gate the
 * bus interface of each peripheral (address-map.ts); reset bits reset it.
 *
 * Tagged or not modelled: calibration, MSI's PLL mode, clocks in Sleep mode, clock outputs, write
 * protection of running PLLs, interrupts of ready flags, the security of its registers.
 */
import type { Scheduler } from '../bus.ts'
import { each, type Field, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import { Ticks } from '../ticks.ts'
import type { Clocks } from '../wiring.ts'
import { fixedClocks, kernelClocks, msiHz, oscillatorHz, timerBuses } from './clock-tree.ts'

/** Bit of each peripheral in the enable, reset and sleep-mode enable registers of its bus. */
const buses = {
  AHB1:
    'GPDMA1:0 CORDIC:1 FMAC:2 MDF1:3 FLASH:8 CRC:12 TSC:16 RAMCFG:17 DMA2D:18 GTZC1:24 ' +
    'BKPSRAM:28 ICACHE:29 DCACHE1:30 SRAM1:31',
  AHB2_1:
    'GPIOA:0 GPIOB:1 GPIOC:2 GPIOD:3 GPIOE:4 GPIOF:5 GPIOG:6 GPIOH:7 GPIOI:8 ADC1:10 ' +
    'DCMI_PSSI:12 OTG:14 AES:16 HASH:17 RNG:18 PKA:19 SAES:20 OCTOSPIM:21 OTFDEC1:23 ' +
    'OTFDEC2:24 SDMMC1:27 SDMMC2:28 SRAM2:30 SRAM3:31',
  AHB2_2: 'FSMC:0 OCTOSPI1:4 OCTOSPI2:8',
  AHB3: 'LPGPIO1:0 PWR:2 ADC4:5 DAC1:6 LPDMA1:9 ADF1:10 GTZC2:12 SRAM4:31',
  APB1_1:
    'TIM2:0 TIM3:1 TIM4:2 TIM5:3 TIM6:4 TIM7:5 WWDG:11 SPI2:14 USART2:17 USART3:18 UART4:19 ' +
    'UART5:20 I2C1:21 I2C2:22 CRS:24',
  APB1_2: 'I2C4:1 LPTIM2:5 FDCAN1:9 UCPD1:23',
  APB2: 'TIM1:11 SPI1:12 TIM8:13 USART1:14 TIM15:16 TIM16:17 TIM17:18 SAI1:21 SAI2:22',
  APB3:
    'SYSCFG:1 SPI3:5 LPUART1:6 I2C3:7 LPTIM1:11 LPTIM3:12 LPTIM4:13 OPAMP:14 COMP:15 VREF:20 ' +
    'RTCAPB:21',
} as const

function bits(bus: keyof typeof buses, suffix: string, field: (bit: number) => Field) {
  const entries = buses[bus].split(' ').map((entry) => {
    const [name, bit] = entry.split(':')
    return [`${name}${suffix}`, field(Number(bit))]
  })
  return Object.fromEntries(entries) as Record<string, Field>
}

const enable = (offset: number, bus: keyof typeof buses, reset = 0) =>
  reg(offset, bits(bus, 'EN', rw), reset)
const resets = (offset: number, bus: keyof typeof buses) => reg(offset, bits(bus, 'RST', rw))
const sleep = (offset: number, bus: keyof typeof buses) =>
  reg(offset, bits(bus, 'SMEN', tagged), 0xffff_ffff)

const pll = (offset: number, n: number) =>
  reg(offset, {
    SRC: rw(0, 2),
    RGE: rw(2, 2),
    FRACEN: rw(4),
    M: rw(8, 4),
    ...(n === 1 ? { MBOOST: rw(12, 4) } : {}),
    PEN: rw(16),
    QEN: rw(17),
    REN: rw(18),
  })
const dividers = (offset: number) =>
  reg(offset, { N: rw(0, 9), P: rw(9, 7), Q: rw(16, 7), R: rw(24, 7) }, 0x0101_0280)
const fraction = (offset: number) => reg(offset, { FRACN: rw(3, 13) })

const readyFlags = (suffix: string, field: (bit: number) => Field) => ({
  [`LSIRDY${suffix}`]: field(0),
  [`LSERDY${suffix}`]: field(1),
  [`MSISRDY${suffix}`]: field(2),
  [`HSIRDY${suffix}`]: field(3),
  [`HSERDY${suffix}`]: field(4),
  [`HSI48RDY${suffix}`]: field(5),
  [`PLL1RDY${suffix}`]: field(6),
  [`PLL2RDY${suffix}`]: field(7),
  [`PLL3RDY${suffix}`]: field(8),
  [`MSIKRDY${suffix}`]: field(11),
  [`SHSIRDY${suffix}`]: field(12),
})

export const rccLayout = {
  CR: reg(
    0x00,
    {
      ...{ MSISON: rw(0), MSIKERON: tagged(1), MSISRDY: ro(2), MSIPLLEN: tagged(3), MSIKON: rw(4) },
      ...{ MSIKRDY: ro(5), MSIPLLSEL: tagged(6), MSIPLLFAST: tagged(7), HSION: rw(8) },
      ...{ HSIKERON: tagged(9), HSIRDY: ro(10), HSI48ON: rw(12), HSI48RDY: ro(13), SHSION: rw(14) },
      ...{ SHSIRDY: ro(15), HSEON: rw(16), HSERDY: ro(17), HSEBYP: rw(18), CSSON: tagged(19) },
      ...{ HSEEXT: rw(20), PLL1ON: rw(24), PLL1RDY: ro(25), PLL2ON: rw(26), PLL2RDY: ro(27) },
      ...{ PLL3ON: rw(28), PLL3RDY: ro(29) },
    },
    0x35,
  ),
  ICSCR1: reg(
    0x08,
    {
      ...{ MSICAL3: ro(0, 5), MSICAL2: ro(5, 5), MSICAL1: ro(10, 5), MSICAL0: ro(15, 5) },
      ...{ MSIBIAS: tagged(22), MSIRGSEL: rw(23), MSIKRANGE: rw(24, 4), MSISRANGE: rw(28, 4) },
    },
    0x4400_0000,
  ),
  ICSCR2: reg(
    0x0c,
    {
      MSITRIM3: tagged(0, 5),
      MSITRIM2: tagged(5, 5),
      MSITRIM1: tagged(10, 5),
      MSITRIM0: tagged(15, 5),
    },
    0x0008_4210,
  ),
  ICSCR3: reg(0x10, { HSICAL: ro(0, 12), HSITRIM: tagged(16, 5) }, 0x0010_0000),
  CRRCR: reg(0x14, { HSI48CAL: ro(0, 9) }),
  CFGR1: reg(0x1c, {
    ...{ SW: rw(0, 2), SWS: ro(2, 2), STOPWUCK: rw(4), STOPKERWUCK: tagged(5) },
    ...{ MCOSEL: tagged(24, 4), MCOPRE: tagged(28, 3) },
  }),
  CFGR2: reg(0x20, {
    ...{ HPRE: rw(0, 4), PPRE1: rw(4, 3), PPRE2: rw(8, 3), DPRE: rw(12, 3) },
    ...{ AHB1DIS: tagged(16), AHB2DIS1: tagged(17), AHB2DIS2: tagged(18) },
    ...{ APB1DIS: tagged(19), APB2DIS: tagged(20) },
  }),
  CFGR3: reg(0x24, { PPRE3: rw(4, 3), AHB3DIS: tagged(16), APB3DIS: tagged(17) }),
  PLL1CFGR: pll(0x28, 1),
  PLL2CFGR: pll(0x2c, 2),
  PLL3CFGR: pll(0x30, 3),
  PLL1DIVR: dividers(0x34),
  PLL1FRACR: fraction(0x38),
  PLL2DIVR: dividers(0x3c),
  PLL2FRACR: fraction(0x40),
  PLL3DIVR: dividers(0x44),
  PLL3FRACR: fraction(0x48),
  CIER: reg(0x50, readyFlags('IE', tagged)),
  CIFR: reg(0x54, { ...readyFlags('F', ro), CSSF: ro(10) }),
  CICR: reg(0x58, { ...readyFlags('C', wo), CSSC: wo(10) }),
  AHB1RSTR: resets(0x60, 'AHB1'),
  AHB2RSTR1: resets(0x64, 'AHB2_1'),
  AHB2RSTR2: resets(0x68, 'AHB2_2'),
  AHB3RSTR: resets(0x6c, 'AHB3'),
  APB1RSTR1: resets(0x74, 'APB1_1'),
  APB1RSTR2: resets(0x78, 'APB1_2'),
  APB2RSTR: resets(0x7c, 'APB2'),
  APB3RSTR: resets(0x80, 'APB3'),
  AHB1ENR: enable(0x88, 'AHB1', 0xd000_0100),
  AHB2ENR1: enable(0x8c, 'AHB2_1', 0xc000_0000),
  AHB2ENR2: enable(0x90, 'AHB2_2'),
  AHB3ENR: enable(0x94, 'AHB3', 0x8000_0000),
  APB1ENR1: enable(0x9c, 'APB1_1'),
  APB1ENR2: enable(0xa0, 'APB1_2'),
  APB2ENR: enable(0xa4, 'APB2'),
  APB3ENR: enable(0xa8, 'APB3'),
  AHB1SMENR: sleep(0xb0, 'AHB1'),
  AHB2SMENR1: sleep(0xb4, 'AHB2_1'),
  AHB2SMENR2: sleep(0xb8, 'AHB2_2'),
  AHB3SMENR: sleep(0xbc, 'AHB3'),
  APB1SMENR1: sleep(0xc4, 'APB1_1'),
  APB1SMENR2: sleep(0xc8, 'APB1_2'),
  APB2SMENR: sleep(0xcc, 'APB2'),
  APB3SMENR: sleep(0xd0, 'APB3'),
  SRDAMR: reg(0xd8, {
    ...{ SPI3AMEN: tagged(5), LPUART1AMEN: tagged(6), I2C3AMEN: tagged(7), LPTIM1AMEN: tagged(11) },
    ...{ LPTIM3AMEN: tagged(12), LPTIM4AMEN: tagged(13), OPAMPAMEN: tagged(14) },
    ...{ COMPAMEN: tagged(15), VREFAMEN: tagged(20), RTCAPBAMEN: tagged(21), ADC4AMEN: tagged(25) },
    ...{ LPGPIO1AMEN: tagged(26), DAC1AMEN: tagged(27), LPDMA1AMEN: tagged(28) },
    ...{ ADF1AMEN: tagged(29), SRAM4AMEN: tagged(31) },
  }),
  CCIPR1: reg(0xe0, {
    ...{ USART1SEL: rw(0, 2), USART2SEL: rw(2, 2), USART3SEL: rw(4, 2), UART4SEL: rw(6, 2) },
    ...{ UART5SEL: rw(8, 2), I2C1SEL: rw(10, 2), I2C2SEL: rw(12, 2) },
    ...{ I2C4SEL: rw(14, 2), SPI2SEL: rw(16, 2), LPTIM2SEL: rw(18, 2) },
    ...{ SPI1SEL: rw(20, 2), SYSTICKSEL: rw(22, 2), FDCAN1SEL: rw(24, 2) },
    ...{ ICLKSEL: rw(26, 2), TIMICSEL: tagged(29, 3) },
  }),
  CCIPR2: reg(0xe4, {
    ...{ MDF1SEL: rw(0, 3), SAI1SEL: rw(5, 3), SAI2SEL: rw(8, 3) },
    ...{ SAESSEL: rw(11), RNGSEL: rw(12, 2), SDMMCSEL: rw(14) },
    ...{ OCTOSPISEL: rw(20, 2) },
  }),
  CCIPR3: reg(0xe8, {
    ...{ LPUART1SEL: rw(0, 3), SPI3SEL: rw(3, 2), I2C3SEL: rw(6, 2) },
    ...{ LPTIM34SEL: rw(8, 2), LPTIM1SEL: rw(10, 2), ADCDACSEL: rw(12, 3) },
    ...{ DAC1SEL: rw(15), ADF1SEL: rw(16, 3) },
  }),
  BDCR: reg(0xf0, {
    ...{ LSEON: rw(0), LSERDY: ro(1), LSEBYP: rw(2), LSEDRV: rw(3, 2), LSECSSON: tagged(5) },
    ...{
      LSECSSD: ro(6),
      LSESYSEN: rw(7),
      RTCSEL: rw(8, 2),
      LSESYSRDY: ro(11),
      LSEGFON: tagged(12),
    },
    ...{ RTCEN: rw(15), BDRST: rw(16), LSCOEN: tagged(24), LSCOSEL: tagged(25) },
    ...{ LSION: rw(26), LSIRDY: ro(27), LSIPREDIV: rw(28) },
  }),
  CSR: reg(
    0xf4,
    {
      ...{ MSIKSRANGE: tagged(8, 4), MSISSRANGE: tagged(12, 4), RMVF: wo(23), OBLRSTF: ro(25) },
      ...{ PINRSTF: ro(26), BORRSTF: ro(27), SFTRSTF: ro(28), IWDGRSTF: ro(29) },
      ...{ WWDGRSTF: ro(30), LPWRRSTF: ro(31) },
    },
    0x0c00_4400,
  ),
  SECCFGR: reg(0x110, each('SEC', 13, 1, tagged)),
  PRIVCFGR: reg(0x114, { SPRIV: tagged(0), NSPRIV: tagged(1) }),
} as const

/** Frequencies in hertz. */
export interface Frequencies {
  readonly sysclk: number
  readonly hclk: number
  readonly pclk1: number
  readonly pclk2: number
  readonly pclk3: number
}

export interface RccEvents {
  /** The clock tree has changed. */
  changed(): void
  /** A reset bit was set: `register` is the enable register with the same bit positions. */
  resetPeripheral(register: string, bit: number): void
}

const READY = [
  ['MSISON', 'MSISRDY'],
  ['MSIKON', 'MSIKRDY'],
  ['HSION', 'HSIRDY'],
  ['HSI48ON', 'HSI48RDY'],
  ['SHSION', 'SHSIRDY'],
  ['HSEON', 'HSERDY'],
  ['PLL1ON', 'PLL1RDY'],
  ['PLL2ON', 'PLL2RDY'],
  ['PLL3ON', 'PLL3RDY'],
] as const

const RESET_FLAGS = 0xfe00_0000
/** Clocks of Stop: the backup domain's, and those that peripherals ask for. */
const STOP_CLOCKS = ['lse', 'lsi', 'hsi', 'msik']
/** Only a loss of power resets the backup domain. */
const BORRSTF = 0x0800_0000

export class Rcc implements Clocks {
  readonly registers: RegisterFile<typeof rccLayout>
  readonly #events: RccEvents
  readonly #scheduler: Scheduler
  readonly #ticks: Ticks[] = []
  readonly #listeners: (() => void)[] = []
  /** Frequencies that have been asked for since the tree last changed. */
  readonly #known = new Map<string, number>()
  #frequencies: Frequencies
  #isStopped = false

  constructor(scheduler: Scheduler, events: RccEvents) {
    this.#scheduler = scheduler
    this.#events = events
    const settled = { write: () => this.#settle() }
    const resetting = (register: string) => ({
      write: (written: number, before: number) => this.#resetPeripherals(register, written, before),
    })
    this.registers = new RegisterFile(rccLayout, {
      ...{ CR: settled, ICSCR1: settled, CFGR1: settled, CFGR2: settled, CFGR3: settled },
      ...{ PLL1CFGR: settled, PLL1DIVR: settled, PLL1FRACR: settled, BDCR: settled },
      ...{ PLL2CFGR: settled, PLL2DIVR: settled, PLL2FRACR: settled },
      ...{ PLL3CFGR: settled, PLL3DIVR: settled, PLL3FRACR: settled },
      ...{ CCIPR1: settled, CCIPR2: settled, CCIPR3: settled },
      ...{ AHB1RSTR: resetting('AHB1ENR'), AHB2RSTR1: resetting('AHB2ENR1') },
      ...{ AHB2RSTR2: resetting('AHB2ENR2'), AHB3RSTR: resetting('AHB3ENR') },
      ...{ APB1RSTR1: resetting('APB1ENR1'), APB1RSTR2: resetting('APB1ENR2') },
      ...{ APB2RSTR: resetting('APB2ENR'), APB3RSTR: resetting('APB3ENR') },
      CSR: { write: (written) => this.#clearResetFlags(written) },
    })
    this.#frequencies = this.#tree()
  }

  get frequencies(): Frequencies {
    return this.#frequencies
  }

  get cycleHz(): number {
    return this.#frequencies.hclk
  }

  hz(clock: string): number {
    let hertz = this.#known.get(clock)
    if (hertz === undefined) {
      hertz = this.#work(clock)
      this.#known.set(clock, hertz)
    }
    return hertz
  }

  ticks(hz: () => number): Ticks {
    const ticks = new Ticks(this.#scheduler, () => hz() / this.cycleHz)
    this.#ticks.push(ticks)
    return ticks
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  isClocked(register: keyof typeof rccLayout, bit: number): boolean {
    return ((this.registers.get(register) >>> bit) & 1) === 1
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Stop: bus clocks and what is made of PLLs, MSIS and HSE stand; what has LSE, LSI, HSI or MSIK goes on. */
  enterStop(): void {
    this.#isStopped = true
    this.#changed()
  }

  /** Out of Stop the chip runs from MSIS, or from HSI if STOPWUCK says so; HSE and PLLs are off. */
  leaveStop(): void {
    const { registers: r } = this
    this.#isStopped = false
    for (const on of ['HSEON', 'PLL1ON', 'PLL2ON', 'PLL3ON'] as const) r.set('CR', on, false)
    const isHsi = r.is('CFGR1', 'STOPWUCK')
    r.set('CR', isHsi ? 'HSION' : 'MSISON', true)
    r.set('CFGR1', 'SW', isHsi ? 1 : 0)
    this.#settle()
  }

  /** Back to reset values; `flags` are the bits of RCC_CSR that tell why. */
  reset(flags: number): void {
    this.#isStopped = false
    const kept = this.registers.get('CSR') & RESET_FLAGS
    const backup = this.registers.get('BDCR')
    this.registers.reset()
    if ((flags & BORRSTF) === 0) this.registers.setAll('BDCR', backup)
    this.registers.setAll('CSR', (this.registers.get('CSR') & ~RESET_FLAGS) | kept | flags)
    this.#changed()
  }

  #settle(): void {
    const { registers: r } = this
    for (const [on, ready] of READY) r.set('CR', ready, r.get('CR', on))
    r.set('BDCR', 'LSERDY', r.get('BDCR', 'LSEON'))
    r.set('BDCR', 'LSESYSRDY', r.get('BDCR', 'LSESYSEN'))
    r.set('BDCR', 'LSIRDY', r.get('BDCR', 'LSION'))
    const selected = (['MSISRDY', 'HSIRDY', 'HSERDY', 'PLL1RDY'] as const)[r.get('CFGR1', 'SW')]
    if (r.is('CR', selected)) r.set('CFGR1', 'SWS', r.get('CFGR1', 'SW'))
    this.#changed()
  }

  #changed(): void {
    this.#known.clear()
    this.#frequencies = this.#tree()
    this.#events.changed()
    for (const ticks of this.#ticks) ticks.rebase()
    for (const listener of this.#listeners) listener()
  }

  #tree(): Frequencies {
    const { registers: r } = this
    const sources = [this.#msi('S'), oscillatorHz.hsi, oscillatorHz.hse, this.#pll(1, 'R')]
    const sysclk = Math.max(1, Math.floor(sources[r.get('CFGR1', 'SWS')]!))
    const hpre = r.get('CFGR2', 'HPRE')
    const hclk = Math.floor(sysclk / (hpre < 8 ? 1 : [2, 4, 8, 16, 64, 128, 256, 512][hpre - 8]!))
    const pclk = (ppre: number) => Math.floor(hclk / (ppre < 4 ? 1 : 2 << (ppre - 4)))
    return {
      sysclk,
      hclk,
      pclk1: pclk(r.get('CFGR2', 'PPRE1')),
      pclk2: pclk(r.get('CFGR2', 'PPRE2')),
      pclk3: pclk(r.get('CFGR3', 'PPRE3')),
    }
  }

  #work(clock: string): number {
    const [source = '', divisor] = clock.split('/')
    if (divisor !== undefined) return this.hz(source) / Number(divisor)
    if (clock === '-') return 0
    const selection = kernelClocks[clock]
    if (selection !== undefined) {
      const { register, field, sources } = selection
      const { bit, width } = rccLayout[register].fields[field as never] as Field
      const value = (this.registers.get(register) >>> bit) & ((1 << width) - 1)
      return this.hz(sources[value] ?? '-')
    }
    const bus = timerBuses[clock]
    if (bus !== undefined && this.#isStopped) return 0
    if (bus !== undefined) return this.#frequencies[bus] * (this.#isDivided(bus) ? 2 : 1)
    const fixed = fixedClocks[clock]
    return fixed === undefined ? this.#root(clock) : this.hz(fixed)
  }

  #isDivided(bus: 'pclk1' | 'pclk2'): boolean {
    return this.registers.get('CFGR2', bus === 'pclk1' ? 'PPRE1' : 'PPRE2') >= 4
  }

  /** Bus clocks, oscillators and PLL outputs; an oscillator that is off stands. */
  #root(clock: string): number {
    const { registers: r } = this
    if (this.#isStopped && !STOP_CLOCKS.includes(clock)) return 0
    if (clock in this.#frequencies) return this.#frequencies[clock as keyof Frequencies]
    const pll = /^pll([123])([pqr])$/.exec(clock)
    if (pll !== null) {
      return this.#pll(Number(pll[1]) as 1 | 2 | 3, pll[2]!.toUpperCase() as 'P' | 'Q' | 'R')
    }
    switch (clock) {
      case 'msis':
        return r.is('CR', 'MSISON') ? this.#msi('S') : 0
      case 'msik':
        return r.is('CR', 'MSIKON') ? this.#msi('K') : 0
      case 'hsi':
        return r.is('CR', 'HSION') ? oscillatorHz.hsi : 0
      case 'hsi48':
        return r.is('CR', 'HSI48ON') ? oscillatorHz.hsi48 : 0
      case 'shsi':
        return r.is('CR', 'SHSION') ? oscillatorHz.shsi : 0
      case 'hse':
        return r.is('CR', 'HSEON') ? oscillatorHz.hse : 0
      case 'lse':
        return r.is('BDCR', 'LSEON') ? oscillatorHz.lse : 0
      case 'lsi':
        return oscillatorHz.lsi / (r.is('BDCR', 'LSIPREDIV') ? 128 : 1)
      default:
        throw new Error(`There is no clock ${clock}.`)
    }
  }

  /** The range in use is ICSCR1's once MSIRGSEL is set, the one in CSR's reset value before. */
  #msi(which: 'S' | 'K'): number {
    const { registers: r } = this
    if (r.is('ICSCR1', 'MSIRGSEL')) return msiHz[r.get('ICSCR1', `MSI${which}RANGE`)]!
    return msiHz[r.get('CSR', `MSI${which}SRANGE`)]!
  }

  /** RM0456, "PLL": ref = source / (M + 1), VCO = ref * (N + 1 + FRACN / 8192), out = VCO / (R + 1). */
  #pll(n: 1 | 2 | 3, output: 'P' | 'Q' | 'R'): number {
    const { registers: r } = this
    if (!r.is('CR', `PLL${n}ON`) || !r.is(`PLL${n}CFGR`, `${output}EN`)) return 0
    const sources = [0, this.#msi('S'), oscillatorHz.hsi, oscillatorHz.hse]
    const reference = sources[r.get(`PLL${n}CFGR`, 'SRC')]! / (r.get(`PLL${n}CFGR`, 'M') + 1)
    const isFractional = r.is(`PLL${n}CFGR`, 'FRACEN')
    const fractional = isFractional ? r.get(`PLL${n}FRACR`, 'FRACN') / 8192 : 0
    const vco = reference * (r.get(`PLL${n}DIVR`, 'N') + 1 + fractional)
    return vco / (r.get(`PLL${n}DIVR`, output) + 1)
  }

  #resetPeripherals(register: string, written: number, before: number): void {
    const raised = written & ~before
    for (let bit = 0; bit < 32; bit++) {
      if ((raised >>> bit) & 1) this.#events.resetPeripheral(register, bit)
    }
  }

  #clearResetFlags(written: number): void {
    const { bit } = rccLayout.CSR.fields.RMVF
    if ((written >>> bit) & 1)
      this.registers.setAll('CSR', this.registers.get('CSR') & ~RESET_FLAGS)
  }
}
