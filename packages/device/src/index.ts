/** Devices: making one, running one, looking at one, and building the kernel they are made with. */

export { boardKeys } from './board/board-file.ts'
export { type LiveBoard, type LiveControl, openLiveBoard } from './board/live-board.ts'
export { unitWords } from './board/quantities.ts'
export { boardLines } from './board/terminal.ts'
export { type EnergyReport, energyStates } from './energy.ts'
export { DeviceError, type DeviceErrorCode, deviceErrors } from './errors.ts'
export { type DeviceRecord, isDeviceFolder, moveDevice } from './folder/device-folder.ts'
export {
  type DeviceOverview,
  type DeviceReport,
  type DeviceStatus,
  readDeviceOverview,
} from './folder/device-status.ts'
export type { Connection, ConnectionEvents, Dialer } from './hardware/network.ts'
export type { Host } from './host.ts'
export { buildKernelBundle } from './kernel-image.ts'
export {
  type AccessPoint,
  type InterfaceConditions,
  type InterfaceName,
  interfaceNames,
  type NetworkConditions,
  usualConditions,
} from './network/conditions.ts'
export { changeNetwork, readNetwork } from './network/network-file.ts'
export type { VirtualNetworks } from './network/virtual-networks.ts'
export { type Enrolment, type ProvisionOptions, provisionDevice } from './provision.ts'
export type { ClockMode } from './run-loop.ts'
export { expectations } from './scenario/expectations.ts'
export { outsideKeys } from './scenario/outside-plan.ts'
export { policyKeys } from './scenario/policies.ts'
export {
  formatEvent,
  formatJUnit,
  formatResult,
  resultAsJson,
} from './scenario/reports.ts'
export type { ScenarioEvent, ScenarioResult } from './scenario/run.ts'
export { drawPictures, runScenarioFile, writePictures } from './scenario/run-files.ts'
export { troubles } from './scenario/scenario.ts'
export { modifierKeys, scenarioKeys } from './scenario/scenario-file.ts'
export { verbs } from './scenario/verbs.ts'
export {
  type DeviceEvents,
  type DeviceOptions,
  openDevice,
  type VirtualDevice,
} from './virtual-device.ts'
