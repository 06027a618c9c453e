/** A chip without TrustZone and a few halfwords of program, for tests. */
import { Stm32u585 } from '../chip.ts'
import { OTP_BYTES } from '../flash.ts'
import { Supply } from '../power.ts'

/** A chip without a secure side, running this program; handlers other than reset spin at 0x500. */
export function bareChip(...program: number[]) {
  const unit = new Stm32u585({
    supply: new Supply(),
    otp: new Uint8Array(OTP_BYTES).fill(0xff),
    uniqueId: new Uint8Array(12),
    hasSecureSide: false,
    kernelPins: [],
    events: { internalFlashChanged() {}, otpChanged() {}, pin() {}, serial() {} },
  })
  const view = new DataView(unit.flashBytes.buffer, unit.flashBytes.byteOffset)
  view.setUint32(0, 0x200c_0000, true)
  for (let n = 1; n < 142; n++) view.setUint32(n * 4, n === 1 ? 0x0800_0401 : 0x0800_0501, true)
  for (const [i, halfword] of program.entries()) view.setUint16(0x400 + i * 2, halfword, true)
  view.setUint16(0x500, 0xe7fe, true)
  unit.cpu.invalidate(0x0800_0000, 0x1000)
  unit.startApplication(0x0800_0000)
  return unit
}
