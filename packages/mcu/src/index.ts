/** The virtual STM32U585 and its board. */
export {
  EXTERNAL_FLASH_BYTES,
  EXTERNAL_PAGE_BYTES,
  ExternalFlash,
  type FlashError,
  type FlashStore,
  INTERNAL_FLASH_BYTES,
  InternalFlash,
  OTP_BYTES,
  Otp,
  PAGE_BYTES,
  QUAD_WORD_BYTES,
  SECTOR_BYTES,
} from './flash.ts'
export { PowerCut, type PowerCutPlan, Supply, type TearableOperation } from './power.ts'
export { EventQueue } from './scheduler.ts'
export { seededRandom } from './seeded-random.ts'
