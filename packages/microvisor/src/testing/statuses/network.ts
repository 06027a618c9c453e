/** Statuses of the calls about the network. */
import assert from 'node:assert/strict'
import { Status } from '@microvisor/protocol'
import { FLASH } from '../test-hardware.ts'
import { type Row, request, requested, SECURE_RAM, word } from './arrange.ts'

export const networkRows: readonly Row[] = [
  ['mvRequestNetwork', 'OKAY', (b) => request(b, {})],
  ['mvRequestNetwork', 'UNSUPPORTEDSTRUCTUREVERSION', (b) => request(b, { version: 2 })],
  ['mvRequestNetwork', 'PARAMETERFAULT', (b) => request(b, { notification_handle: 77 })],
  ['mvRequestNetwork', 'PARAMETERFAULT', (b) => [SECURE_RAM, b.place(4)]],
  [
    'mvRequestNetwork',
    'PARAMETERFAULT',
    (b) => {
      const center = b.center(46).handle
      for (let i = 0; i < 16; i++) {
        const args = request(b, { notification_handle: center })
        assert.equal(b.call('mvRequestNetwork', ...args), Status.OKAY)
      }
      return request(b, { notification_handle: center })
    },
  ],

  ['mvReleaseNetwork', 'OKAY', (b) => [word(b, requested(b))]],
  ['mvReleaseNetwork', 'INVALIDHANDLE', (b) => [word(b, 1234)]],
  ['mvReleaseNetwork', 'PARAMETERFAULT', () => [FLASH]],

  ['mvGetNetworkStatus', 'OKAY', (b) => [requested(b), b.place(4)]],
  ['mvGetNetworkStatus', 'INVALIDHANDLE', (b) => [0, b.place(4)]],
  ['mvGetNetworkStatus', 'PARAMETERFAULT', (b) => [requested(b), FLASH]],

  ['mvGetNetworkReasons', 'OKAY', (b) => [b.place(4), b.place(4)]],
  ['mvGetNetworkReasons', 'PARAMETERFAULT', (b) => [b.place(4), FLASH]],
]
