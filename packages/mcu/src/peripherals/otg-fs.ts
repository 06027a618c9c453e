/**
 * OTG_FS: the USB controller, as a device with nothing at the other end of its cable. RM0456, chapter
 * "USB on-the-go full-speed (OTG_FS)".
 *
 * Software resets the core, chooses device mode, flushes FIFOs, sets up its endpoints and connects:
 * what a driver's initialisation does and waits for. A connected device whose bus stays idle finds
 * itself suspended after 3 ms, as on a cable without a host.
 *
 * Not modelled, and reported: transfers (an endpoint that is enabled waits for ever), the FIFOs'
 * memory, host mode, detection of chargers. There is no VBUS: only the override makes a session valid.
 */
import { RegisterFile, reg, ro, rw, tagged, w1c, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const ENDPOINTS = [0, 1, 2, 3, 4, 5] as const
type Endpoint = (typeof ENDPOINTS)[number]

const inAt = (endpoint: Endpoint, at: number) => 0x900 + 0x20 * endpoint + at
const outAt = (endpoint: Endpoint, at: number) => 0xb00 + 0x20 * endpoint + at

const control = (offset: number, isIn: boolean, reset: number) =>
  reg(
    offset,
    {
      ...{ MPSIZ: rw(0, 11), USBAEP: rw(15), NAKSTS: ro(17), EPTYP: rw(18, 2), STALL: rw(21) },
      ...(isIn ? { TXFNUM: rw(22, 4) } : {}),
      ...{ CNAK: wo(26), SNAK: wo(27), EPDIS: wo(30), EPENA: tagged(31) },
    },
    reset,
  )
const flags = (offset: number, reset: number) =>
  reg(offset, { XFRC: w1c(0), EPDISD: w1c(1), EVENTS: w1c(3, 4), TXFE: ro(7), NAK: w1c(13) }, reset)
const size = (offset: number) =>
  reg(offset, { XFRSIZ: rw(0, 19), PKTCNT: rw(19, 10), MCNT: rw(29, 2) })

const fifo = (offset: number) => reg(offset, { INEPTXSA: rw(0, 16), INEPTXFD: rw(16, 16) })

const endpointLayout = {
  ...{ DIEPCTL0: control(inAt(0, 0), true, 0x8000), DIEPCTL1: control(inAt(1, 0), true, 0) },
  ...{ DIEPCTL2: control(inAt(2, 0), true, 0), DIEPCTL3: control(inAt(3, 0), true, 0) },
  ...{ DIEPCTL4: control(inAt(4, 0), true, 0), DIEPCTL5: control(inAt(5, 0), true, 0) },
  ...{ DIEPINT0: flags(inAt(0, 8), 0x80), DIEPINT1: flags(inAt(1, 8), 0x80) },
  ...{ DIEPINT2: flags(inAt(2, 8), 0x80), DIEPINT3: flags(inAt(3, 8), 0x80) },
  ...{ DIEPINT4: flags(inAt(4, 8), 0x80), DIEPINT5: flags(inAt(5, 8), 0x80) },
  ...{ DIEPTSIZ0: size(inAt(0, 0x10)), DIEPTSIZ1: size(inAt(1, 0x10)) },
  ...{ DIEPTSIZ2: size(inAt(2, 0x10)), DIEPTSIZ3: size(inAt(3, 0x10)) },
  ...{ DIEPTSIZ4: size(inAt(4, 0x10)), DIEPTSIZ5: size(inAt(5, 0x10)) },
  ...{ DOEPCTL0: control(outAt(0, 0), false, 0x8000), DOEPCTL1: control(outAt(1, 0), false, 0) },
  ...{ DOEPCTL2: control(outAt(2, 0), false, 0), DOEPCTL3: control(outAt(3, 0), false, 0) },
  ...{ DOEPCTL4: control(outAt(4, 0), false, 0), DOEPCTL5: control(outAt(5, 0), false, 0) },
  ...{ DOEPINT0: flags(outAt(0, 8), 0x80), DOEPINT1: flags(outAt(1, 8), 0x80) },
  ...{ DOEPINT2: flags(outAt(2, 8), 0x80), DOEPINT3: flags(outAt(3, 8), 0x80) },
  ...{ DOEPINT4: flags(outAt(4, 8), 0x80), DOEPINT5: flags(outAt(5, 8), 0x80) },
  ...{ DOEPTSIZ0: size(outAt(0, 0x10)), DOEPTSIZ1: size(outAt(1, 0x10)) },
  ...{ DOEPTSIZ2: size(outAt(2, 0x10)), DOEPTSIZ3: size(outAt(3, 0x10)) },
  ...{ DOEPTSIZ4: size(outAt(4, 0x10)), DOEPTSIZ5: size(outAt(5, 0x10)) },
} as const

export const otgFsLayout = {
  GOTGCTL: reg(
    0x00,
    {
      ...{ VBVALOEN: rw(2), VBVALOVAL: rw(3), AVALOEN: rw(4), AVALOVAL: rw(5), BVALOEN: rw(6) },
      ...{ BVALOVAL: rw(7), EHEN: tagged(12), CIDSTS: ro(16), DBCT: ro(17), ASVLD: ro(18) },
      ...{ BSVLD: ro(19), OTGVER: rw(20), CURMOD: ro(21) },
    },
    0x1_0000,
  ),
  GOTGINT: reg(0x04, { SEDET: w1c(2), ADTOCHG: w1c(18), IDCHNG: w1c(20) }),
  GAHBCFG: reg(0x08, { GINTMSK: rw(0), TXFELVL: rw(7), PTXFELVL: rw(8) }),
  GUSBCFG: reg(
    0x0c,
    {
      ...{ TOCAL: rw(0, 3), PHYSEL: ro(6), SRPCAP: tagged(8), HNPCAP: tagged(9), TRDT: rw(10, 4) },
      ...{ TSDPS: tagged(22), FHMOD: tagged(29), FDMOD: rw(30) },
    },
    0x1440,
  ),
  GRSTCTL: reg(
    0x10,
    {
      ...{ CSRST: wo(0), PSRST: wo(1), RXFFLSH: wo(4), TXFFLSH: wo(5), TXFNUM: rw(6, 5) },
      ...{ AHBIDL: ro(31) },
    },
    0x8000_0000,
  ),
  GINTSTS: reg(
    0x14,
    {
      ...{ CMOD: ro(0), MMIS: w1c(1), OTGINT: ro(2), SOF: w1c(3), RXFLVL: ro(4), NPTXFE: ro(5) },
      ...{ GINAKEFF: ro(6), GONAKEFF: ro(7), ESUSP: w1c(10), USBSUSP: w1c(11), USBRST: w1c(12) },
      ...{ ENUMDNE: w1c(13), ISOODRP: w1c(14), EOPF: w1c(15), IEPINT: ro(18), OEPINT: ro(19) },
      ...{ IISOIXFR: w1c(20), IPXFR: w1c(21), RSTDET: w1c(23), HPRTINT: ro(24), HCINT: ro(25) },
      ...{ PTXFE: ro(26), LPMINT: w1c(27), CIDSCHG: w1c(28), DISCINT: w1c(29), SRQINT: w1c(30) },
      WKUPINT: w1c(31),
    },
    0x0400_0020,
  ),
  GINTMSK: reg(0x18, { MASK: rw(0, 32) }),
  GRXSTSR: reg(0x1c, { STATUS: ro(0, 32) }),
  GRXSTSP: reg(0x20, { STATUS: ro(0, 32) }),
  GRXFSIZ: reg(0x24, { RXFD: rw(0, 16) }, 0x200),
  DIEPTXF0: reg(0x28, { TX0FSA: rw(0, 16), TX0FD: rw(16, 16) }, 0x0200_0200),
  HNPTXSTS: reg(0x2c, { NPTXFSAV: ro(0, 16), NPTQXSAV: ro(16, 8), NPTXQTOP: ro(24, 7) }, 0x8_0200),
  GCCFG: reg(0x38, {
    ...{ DCDET: ro(0), PDET: ro(1), SDET: ro(2), PS2DET: ro(3), PWRDWN: rw(16), BCDEN: tagged(17) },
    ...{ DCDEN: tagged(18), PDEN: tagged(19), SDEN: tagged(20), VBDEN: rw(21) },
  }),
  CID: reg(0x3c, { PRODUCT_ID: rw(0, 32) }, 0x3000),
  GLPMCFG: reg(0x54, { LPMEN: tagged(0), LPMACK: tagged(1), BESL: rw(2, 4), REMWAKE: rw(6) }),
  HPTXFSIZ: reg(0x100, { PTXSA: rw(0, 16), PTXFSIZ: rw(16, 16) }, 0x0200_0400),
  ...{ DIEPTXF1: fifo(0x104), DIEPTXF2: fifo(0x108), DIEPTXF3: fifo(0x10c) },
  ...{ DIEPTXF4: fifo(0x110), DIEPTXF5: fifo(0x114) },
  DCFG: reg(
    0x800,
    { DSPD: rw(0, 2), NZLSOHSK: rw(2), DAD: rw(4, 7), PFIVL: rw(11, 2), ERRATIM: rw(15) },
    0x0220_0000,
  ),
  DCTL: reg(
    0x804,
    {
      ...{ RWUSIG: rw(0), SDIS: rw(1), GINSTS: ro(2), GONSTS: ro(3), TCTL: tagged(4, 3) },
      ...{ SGINAK: wo(7), CGINAK: wo(8), SGONAK: wo(9), CGONAK: wo(10), POPRGDNE: rw(11) },
      DSBESLRJCT: rw(18),
    },
    2,
  ),
  DSTS: reg(0x808, { SUSPSTS: ro(0), ENUMSPD: ro(1, 2), EERR: ro(3), FNSOF: ro(8, 14) }, 0x10),
  DIEPMSK: reg(0x810, { MASK: rw(0, 14) }),
  DOEPMSK: reg(0x814, { MASK: rw(0, 15) }),
  DAINT: reg(0x818, { IEPINT: ro(0, 16), OEPINT: ro(16, 16) }),
  DAINTMSK: reg(0x81c, { IEPM: rw(0, 16), OEPM: rw(16, 16) }),
  DVBUSDIS: reg(0x828, { VBUSDT: rw(0, 16) }, 0x17d7),
  DVBUSPULSE: reg(0x82c, { DVBUSP: rw(0, 16) }, 0x05b8),
  DIEPEMPMSK: reg(0x834, { INEPTXFEM: rw(0, 16) }),
  ...endpointLayout,
  PCGCCTL: reg(0xe00, {
    ...{ STPPCLK: rw(0), GATEHCLK: rw(1), PHYSUSP: ro(4), ENL1GTG: rw(5), SUSP: ro(7) },
  }),
} as const

/** Of a bus that stays idle. USB 2.0, 7.1.7.6. */
const SUSPEND_SECONDS = 0.003
const CSRST = 1
const GLOBAL_NAK = { SGINAK: 1 << 7, CGINAK: 1 << 8, SGONAK: 1 << 9, CGONAK: 1 << 10 } as const
const [CNAK, SNAK] = [1 << 26, 1 << 27]

export class OtgFs implements Peripheral {
  readonly registers: RegisterFile<typeof otgFsLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const changed = { write: () => this.#changed() }
    const naks = (name: `D${'I' | 'O'}EPCTL${Endpoint}`) => ({
      write: (written: number) => {
        if ((written & SNAK) !== 0) this.registers.set(name, 'NAKSTS', true)
        if ((written & CNAK) !== 0) this.registers.set(name, 'NAKSTS', false)
      },
    })
    this.registers = new RegisterFile(otgFsLayout, {
      ...{ GOTGCTL: changed, GAHBCFG: changed, GINTSTS: changed, GINTMSK: changed },
      GRSTCTL: {
        write: (written) => {
          if ((written & CSRST) !== 0) this.reset()
        },
      },
      DCTL: { write: (written) => this.#deviceControl(written) },
      ...{ DIEPCTL0: naks('DIEPCTL0'), DIEPCTL1: naks('DIEPCTL1'), DIEPCTL2: naks('DIEPCTL2') },
      ...{ DIEPCTL3: naks('DIEPCTL3'), DIEPCTL4: naks('DIEPCTL4'), DIEPCTL5: naks('DIEPCTL5') },
      ...{ DOEPCTL0: naks('DOEPCTL0'), DOEPCTL1: naks('DOEPCTL1'), DOEPCTL2: naks('DOEPCTL2') },
      ...{ DOEPCTL3: naks('DOEPCTL3'), DOEPCTL4: naks('DOEPCTL4'), DOEPCTL5: naks('DOEPCTL5') },
    })
    this.#line = wiring.interrupt('OTG_FS')
  }

  reset(): void {
    this.registers.reset()
    this.#cancel?.()
    this.#cancel = undefined
    this.#line.set(false)
  }

  #deviceControl(written: number): void {
    const { registers: r } = this
    const nak = (
      set: number,
      clear: number,
      status: 'GINSTS' | 'GONSTS',
      flag: 'GINAKEFF' | 'GONAKEFF',
    ) => {
      if ((written & (set | clear)) === 0) return
      r.set('DCTL', status, (written & set) !== 0)
      r.set('GINTSTS', flag, (written & set) !== 0)
    }
    nak(GLOBAL_NAK.SGINAK, GLOBAL_NAK.CGINAK, 'GINSTS', 'GINAKEFF')
    nak(GLOBAL_NAK.SGONAK, GLOBAL_NAK.CGONAK, 'GONSTS', 'GONAKEFF')
    this.#changed()
  }

  #changed(): void {
    const { registers: r } = this
    const isValid = r.is('GOTGCTL', 'BVALOEN') && r.is('GOTGCTL', 'BVALOVAL')
    r.set('GOTGCTL', 'BSVLD', isValid)
    this.#watchBus(isValid && !r.is('DCTL', 'SDIS'))
    this.#interrupt()
  }

  /** Nobody speaks on it: a device that is connected is suspended, one that is not is not. */
  #watchBus(isConnected: boolean): void {
    const { registers: r } = this
    const { scheduler, clocks } = this.#wiring
    if (!isConnected) {
      this.#cancel?.()
      this.#cancel = undefined
      r.set('DSTS', 'SUSPSTS', false)
      return
    }
    this.#cancel ??= scheduler.at(scheduler.now + SUSPEND_SECONDS * clocks.cycleHz, () => {
      r.set('GINTSTS', 'ESUSP', true)
      r.set('GINTSTS', 'USBSUSP', true)
      r.set('DSTS', 'SUSPSTS', true)
      this.#interrupt()
    })
  }

  #interrupt(): void {
    const { registers: r } = this
    const isPending = (r.get('GINTSTS') & r.get('GINTMSK')) !== 0
    this.#line.set(isPending && r.is('GAHBCFG', 'GINTMSK'))
  }
}

export const otgs = { OTG_FS: (wiring) => new OtgFs(wiring) } satisfies Makers
