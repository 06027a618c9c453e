/** Statuses of the calls about the device itself. */
import { FLASH } from '../test-hardware.ts'
import { inHandler, RCC, type Row } from './arrange.ts'

export const deviceRows: readonly Row[] = [
  ['mvNoOp', 'OKAY', () => []],

  ['mvGetDeviceId', 'OKAY', (b) => [b.place(34), 34]],
  ['mvGetDeviceId', 'INVALIDBUFFERSIZE', (b) => [b.place(35), 35]],
  ['mvGetDeviceId', 'INVALIDBUFFERSIZE', (b) => [b.place(34), 33]],
  ['mvGetDeviceId', 'PARAMETERFAULT', () => [FLASH, 34]],

  ...(
    ['mvGetSysClk', 'mvGetHClk', 'mvGetPClk1', 'mvGetPClk2', 'mvGetMicroseconds'] as const
  ).flatMap((call): Row[] => [
    [call, 'OKAY', (b) => [b.place(8)]],
    [call, 'PARAMETERFAULT', () => [FLASH]],
  ]),

  ['mvGetWallTime', 'OKAY', (b) => [b.place(8)]],
  ['mvGetWallTime', 'PARAMETERFAULT', () => [FLASH]],

  ['mvPeriphPeek32', 'OKAY', (b) => [RCC + 0xa8, b.place(4)]],
  ['mvPeriphPeek32', 'PERIPHERALACCESSFAULT', (b) => [RCC + 0xa9, b.place(4)]],
  ['mvPeriphPeek32', 'PERIPHERALACCESSFAULT', (b) => [RCC + 0x04, b.place(4)]],
  ['mvPeriphPeek32', 'PERIPHERALACCESSFAULT', (b) => [0x4002_2000, b.place(4)]],
  ['mvPeriphPeek32', 'PARAMETERFAULT', () => [RCC + 0xa8, FLASH]],

  ['mvPeriphPoke32', 'OKAY', () => [RCC + 0xa8, 1, 1]],
  ['mvPeriphPoke32', 'PERIPHERALACCESSFAULT', () => [RCC + 0xaa, 1, 1]],
  ['mvPeriphPoke32', 'PERIPHERALACCESSFAULT', () => [RCC + 0x00, 1, 1]],
  ['mvPeriphPoke32', 'PERIPHERALACCESSFAULT', () => [0x4002_2000, 1, 1]],

  ['mvSystemLedEnable', 'OKAY', () => [0]],
  ['mvSystemLedEnable', 'OKAY', () => [1]],
  ['mvSystemLedEnable', 'PARAMETERFAULT', () => [2]],
  ['mvSystemLedEnable', 'UNAVAILABLE', inHandler(() => [0])],
]
