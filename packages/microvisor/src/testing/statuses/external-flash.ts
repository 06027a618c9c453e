/** Statuses of the calls about external flash. */
import { FLASH, RAM } from '../test-hardware.ts'
import { external, info, inHandler, type Row, SECURE_RAM, word } from './arrange.ts'

export const externalFlashRows: readonly Row[] = [
  ['mvExternalFlashOpen', 'OKAY', (b) => [b.place(4)]],
  ['mvExternalFlashOpen', 'PARAMETERFAULT', () => [FLASH]],
  ['mvExternalFlashOpen', 'UNAVAILABLE', inHandler((b) => [b.place(4)])],
  [
    'mvExternalFlashOpen',
    'TOOMANYCHANNELS',
    (b) => {
      for (let i = 0; i < 32; i++) external(b)
      return [b.place(4)]
    },
  ],

  ['mvExternalFlashClose', 'OKAY', (b) => [word(b, external(b))]],
  ['mvExternalFlashClose', 'INVALIDHANDLE', (b) => [word(b, 9)]],
  ['mvExternalFlashClose', 'PARAMETERFAULT', () => [FLASH]],
  ['mvExternalFlashClose', 'UNAVAILABLE', inHandler((b) => [word(b, external(b))])],

  ['mvExternalFlashGetInfo', 'OKAY', (b) => [external(b), info(b, 1)]],
  ['mvExternalFlashGetInfo', 'UNSUPPORTEDSTRUCTUREVERSION', (b) => [external(b), info(b, 0)]],
  ['mvExternalFlashGetInfo', 'INVALIDHANDLE', (b) => [5, info(b, 1)]],
  ['mvExternalFlashGetInfo', 'PARAMETERFAULT', (b) => [external(b), FLASH]],
  ['mvExternalFlashGetInfo', 'UNAVAILABLE', inHandler((b) => [external(b), info(b, 1)])],

  ['mvExternalFlashReadBlocking', 'OKAY', (b) => [external(b), 0x3f_ff00, 256, b.place(256)]],
  ['mvExternalFlashReadBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), 0x3f_ff01, 256, RAM]],
  ['mvExternalFlashReadBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), ~0, 256, RAM]],
  ['mvExternalFlashReadBlocking', 'INVALIDHANDLE', () => [1, 0, 256, RAM]],
  ['mvExternalFlashReadBlocking', 'PARAMETERFAULT', (b) => [external(b), 0, 256, FLASH]],
  ['mvExternalFlashReadBlocking', 'UNAVAILABLE', inHandler((b) => [external(b), 0, 256, RAM])],

  ['mvExternalFlashEraseBlocking', 'OKAY', (b) => [external(b), 0x3f_f000, 0x1000]],
  ['mvExternalFlashEraseBlocking', 'INVALIDBUFFERALIGNMENT', (b) => [external(b), 256, 0x1000]],
  ['mvExternalFlashEraseBlocking', 'INVALIDBUFFERALIGNMENT', (b) => [external(b), 0, 256]],
  ['mvExternalFlashEraseBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), 0x3f_f000, 0x2000]],
  ['mvExternalFlashEraseBlocking', 'PARAMETERFAULT', (b) => [external(b), 0, 0]],
  ['mvExternalFlashEraseBlocking', 'INVALIDHANDLE', () => [1, 0, 0x1000]],
  ['mvExternalFlashEraseBlocking', 'UNAVAILABLE', inHandler((b) => [external(b), 0, 0x1000])],

  ['mvExternalFlashWriteBlocking', 'OKAY', (b) => [external(b), 0x3f_ff00, 256, RAM]],
  ['mvExternalFlashWriteBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), 0x40_0000, 1, RAM]],
  ['mvExternalFlashWriteBlocking', 'INVALIDHANDLE', () => [1, 0, 256, RAM]],
  ['mvExternalFlashWriteBlocking', 'PARAMETERFAULT', (b) => [external(b), 0, 256, SECURE_RAM]],
  ['mvExternalFlashWriteBlocking', 'UNAVAILABLE', inHandler((b) => [external(b), 0, 256, RAM])],
]
