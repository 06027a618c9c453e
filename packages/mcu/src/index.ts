/** The virtual STM32U585 and its board. */
export { type PeripheralPlace, peripheralPlaces, registerNames } from './address-map.ts'
export { Assembly, type BoardPlan, type PartPlan } from './board/assembly.ts'
export { partKinds } from './board/kinds.ts'
export type {
  ControlRule,
  ControlValue,
  Part,
  PartKind,
  SettingRule,
  SettingValue,
  Unit,
} from './board/part.ts'
export { CanNodePart } from './board/parts/can-node.ts'
export { DutyMeter } from './board/parts/led.ts'
export { SerialLine } from './board/parts/serial-line.ts'
export type { BoardPicture, NamedPicture, Picture } from './board/picture.ts'
export { Pins, type PinWatcher, parsePin } from './board/pins.ts'
export {
  type BusEvent,
  I2C_NAMES,
  I2cBus,
  type I2cName,
  type I2cPart,
  SPI_NAMES,
  SpiBus,
  type SpiName,
  type SpiPart,
  Wires,
  XSPI_NAMES,
} from './board/wires.ts'
export { type BusPins, boardPins, defaultI2c, defaultSpi, serialPins } from './board/wiring.ts'
export { Board, type BoardEvents, type BoardOptions, type SystemLedColour } from './board.ts'
export { Stm32u585 } from './chip.ts'
export type { ResetCause } from './chip-options.ts'
export { RTC_IRQ } from './chip-sleep.ts'
export {
  BREAKPOINTS,
  type FaultRecord,
  type HaltCause,
  type RegisterName,
  type StopReason,
  WATCHPOINTS,
} from './cpu/cpu.ts'
export { gpdmaRequests, lpdmaRequests } from './dma-requests.ts'
export {
  EXTERNAL_FLASH_BYTES,
  FlashChip,
  type FlashError,
  type FlashStore,
  INTERNAL_FLASH_BYTES,
  OTP_BYTES,
  Otp,
  QUAD_WORD_BYTES,
} from './flash.ts'
export { IRQ_COUNT, interruptLines } from './interrupts.ts'
export { parseFrame } from './lines/can-frame.ts'
export type { LineTransfer } from './lines/line-edges.ts'
export type { UartFrame } from './lines/uart-frame.ts'
export { LowPower, type PowerState, type SleepMode } from './low-power.ts'
export { applicationSram, isApplicationMemory, NSC_BASE } from './memory-map.ts'
export type { UnmodelledAccess } from './not-modelled.ts'
export { BusError, encodeOptionBytes, OPTION_BYTES, RDP } from './option-bytes.ts'
export type { PinConflict } from './pins/conflicts.ts'
export type { PortName } from './pins/ports.ts'
export { PowerCut, type PowerCutPlan, Supply, type TearableOperation } from './power.ts'
export type { AccessKind, Field, Layout } from './registers.ts'
export { EventQueue } from './scheduler.ts'
export { seededRandom } from './seeded-random.ts'
