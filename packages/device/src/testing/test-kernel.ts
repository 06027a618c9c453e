/**
 * A kernel for tests: gives GPIOA a clock, starts whatever lies in the application's flash, answers 0 to every system
 * call, traces what it is called with, restarts a crashed application after 100 ms.
 */
import { packKernel } from '../kernel-image.ts'

const SOURCE = `var kernel = { start(hardware, boot) {
  const { application, diagnostics, clock, led } = hardware
  const trace = (line) => diagnostics.trace(line)
  const run = () => {
    const table = new Uint8Array(8)
    application.read(0x08000000, table)
    if (table.every((byte) => byte === 0xff)) return trace('no application')
    application.clearMemory()
    application.start(0x08000000)
  }
  trace('boot ' + boot.resetCause + ' ' + boot.kernelVersionText)
  led.set(false, true, false)
  hardware.rcc.write(0x8c, hardware.rcc.read(0x8c) | 1)
  run()
  return {
    systemCall(address) {
      trace('call ' + address.toString(16) + ' ' + application.argument(0).toString(16))
      if (application.argument(0) === 0xdead) hardware.power.reset()
      if (application.argument(0) === 0xbad) throw new Error('kernel bug')
      if (application.argument(0) === 0xf1a5) {
        const page = new Uint8Array(16).fill(7)
        hardware.internalFlash.erase(0x1a4000)
        hardware.internalFlash.program(0x1a4000, page)
        hardware.externalFlash.program(0x400000, page)
      }
      return 0
    },
    applicationFault(fault) {
      trace('fault ' + fault.exception + ' ' + fault.registers.pc.toString(16))
      application.stop()
      clock.setAlarm(clock.microseconds() + 100000)
    },
    alarm() {
      trace('alarm ' + clock.microseconds())
      run()
    },
    network() { trace('network ' + hardware.network.state) },
  }
} }`

/** Its unsigned bundle. */
export async function testKernel(source = SOURCE): Promise<Uint8Array> {
  return packKernel(new TextEncoder().encode(source), {
    ...{ securityRatchet: 0, deviceType: 'Imp201c' },
    ...{ versionText: '9.9.9', versionNumber: 9_009_009 },
  })
}
