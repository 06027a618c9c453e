/** OTG_FS as a driver initialises it in device mode, with a cable at whose other end nobody is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { OtgFs } from './otg-fs.ts'

const HZ = 48_000_000
const [CSRST, RXFFLSH, TXFFLSH, AHBIDL] = [1, 1 << 4, 1 << 5, 0x8000_0000]
const FDMOD = 1 << 30
const [BVALOEN, BVALOVAL] = [1 << 6, 1 << 7]
const SDIS = 1 << 1
const [ESUSP, USBSUSP] = [1 << 10, 1 << 11]
const EPENA = 0x8000_0000

const bench = () =>
  new PeripheralBench('OTG_FS', { cycleHz: HZ, hz: HZ }, (wiring) => new OtgFs(wiring))

/** Up to the pull-up, which a driver switches on last. */
function initialised() {
  const usb = bench()
  usb.write('GRSTCTL', CSRST)
  assert.equal(usb.read('GRSTCTL'), AHBIDL, 'the reset is over, the bus is idle')
  usb.write('GCCFG', 1 << 16)
  usb.write('GUSBCFG', 0x1440 | FDMOD)
  assert.equal(usb.read('GINTSTS') & 1, 0, 'device mode')
  usb.write('GOTGCTL', BVALOEN | BVALOVAL)
  usb.write('PCGCCTL', 0)
  usb.write('DCFG', 3)
  usb.write('GRSTCTL', TXFFLSH | (0x10 << 6))
  usb.write('GRSTCTL', RXFFLSH)
  assert.equal(usb.read('GRSTCTL') & (TXFFLSH | RXFFLSH), 0, 'the FIFOs are flushed')
  usb.write('GINTSTS', 0xbfff_ffff)
  usb.write('GINTMSK', USBSUSP)
  usb.write('GAHBCFG', 1)
  return usb
}

test('a core reset gives every register its value after reset', () => {
  const usb = initialised()
  usb.write('DIEPTXF1', 0x40_0080)
  usb.write('GRSTCTL', CSRST)
  assert.deepEqual(
    ['GUSBCFG', 'GINTSTS', 'GAHBCFG', 'DCTL', 'DIEPTXF1'].map((name) => usb.read(name)),
    [0x1440, 0x0400_0020, 0, SDIS, 0],
  )
})

test('a device that is connected and hears no host is suspended after 3 ms', () => {
  const usb = initialised()
  usb.run(HZ / 100)
  assert.equal(usb.read('GINTSTS') & USBSUSP, 0, 'not while it is disconnected')
  usb.write('DCTL', 0)
  usb.run(0.003 * HZ - 1)
  assert.equal(usb.isPending('OTG_FS'), false)
  usb.run(1)
  assert.equal(usb.isPending('OTG_FS'), true)
  assert.equal(usb.read('GINTSTS') & (ESUSP | USBSUSP), ESUSP | USBSUSP)
  assert.equal(usb.read('DSTS') & 1, 1)
  usb.write('GINTSTS', USBSUSP)
  assert.equal(usb.isPending('OTG_FS'), false)
  usb.write('DCTL', SDIS)
  assert.equal(usb.read('DSTS') & 1, 0)
})

test('without VBUS, which is not there, only the override makes a session', () => {
  const usb = initialised()
  usb.write('GOTGCTL', 0)
  usb.write('GCCFG', (1 << 16) | (1 << 21))
  usb.write('DCTL', 0)
  usb.run(HZ / 100)
  assert.equal(usb.read('GOTGCTL') & (1 << 19), 0)
  assert.equal(usb.read('GINTSTS') & USBSUSP, 0)
})

test('NAK of an endpoint and of all is set and cleared by its own bits', () => {
  const usb = initialised()
  usb.write('DOEPCTL0', 1 << 27)
  assert.equal(usb.read('DOEPCTL0') & (1 << 17), 1 << 17)
  usb.write('DOEPCTL0', 1 << 26)
  assert.equal(usb.read('DOEPCTL0') & (1 << 17), 0)
  usb.write('DCTL', SDIS | (1 << 9))
  assert.equal(usb.read('GINTSTS') & (1 << 7), 1 << 7)
  usb.write('DCTL', SDIS | (1 << 10))
  assert.equal(usb.read('GINTSTS') & (1 << 7), 0)
})

test('an endpoint that is enabled waits, and the report says so', () => {
  const usb = initialised()
  usb.write('DIEPCTL1', EPENA | (1 << 26))
  usb.run(HZ)
  assert.equal(usb.read('DIEPINT1') & 1, 0)
  assert.deepEqual(usb.model.registers.layout.DIEPCTL1.fields.EPENA, {
    ...{ bit: 31, width: 1, access: 'tagged' },
  })
})
