/** Statuses of the calls about notifications. */
import assert from 'node:assert/strict'
import { Status } from '@microvisor/protocol'
import { FLASH } from '../test-hardware.ts'
import {
  inHandler,
  logBuffer,
  opened,
  type Row,
  requested,
  SECURE_RAM,
  setup,
  subscribe,
  subscribed,
  word,
} from './arrange.ts'

export const notificationsRows: readonly Row[] = [
  ['mvSetupNotifications', 'OKAY', (b) => setup(b, {})],
  ['mvSetupNotifications', 'PARAMETERFAULT', (b) => [SECURE_RAM, b.place(4)]],
  ['mvSetupNotifications', 'PARAMETERFAULT', (b) => setup(b, { buffer: SECURE_RAM - 16 })],
  ['mvSetupNotifications', 'INVALIDBUFFERSIZE', (b) => setup(b, { buffer_size: 16 })],
  ['mvSetupNotifications', 'INVALIDBUFFERSIZE', (b) => setup(b, { buffer_size: 40 })],
  ['mvSetupNotifications', 'INVALIDBUFFERSIZE', (b) => setup(b, { buffer_size: 0 })],
  ['mvSetupNotifications', 'INVALIDINTERRUPT', (b) => setup(b, { irq: 48 })],
  ['mvSetupNotifications', 'INVALIDINTERRUPT', (b) => setup(b, { irq: 0xffff_ffff })],
  ['mvSetupNotifications', 'INVALIDINTERRUPT', (b) => setup(b, { irq: opened(b, 46) && 46 })],
  [
    'mvSetupNotifications',
    'BUFFERALREADYINUSE',
    (b) => setup(b, { buffer: b.center(46).buffer + 112 }),
  ],
  ['mvSetupNotifications', 'BUFFERALREADYINUSE', (b) => setup(b, { buffer: logBuffer(b) })],
  [
    'mvSetupNotifications',
    'TOOMANYNOTIFICATIONBUFFERS',
    (b) => {
      for (let i = 0; i < 32; i++) b.center(50 + i + (50 + i >= 73 ? 1 : 0))
      return setup(b, {})
    },
  ],

  ['mvCloseNotifications', 'OKAY', (b) => [word(b, b.center(46).handle)]],
  ['mvCloseNotifications', 'INVALIDHANDLE', (b) => [word(b, 0)]],
  ['mvCloseNotifications', 'INVALIDHANDLE', (b) => [word(b, b.center(46).handle ^ 1)]],
  ['mvCloseNotifications', 'INVALIDHANDLE', (b) => [word(b, requested(b))]],
  ['mvCloseNotifications', 'PARAMETERFAULT', () => [FLASH]],

  ['mvTempTriggerNotification', 'OKAY', (b) => [b.center(46).handle, 99, 5]],
  ['mvTempTriggerNotification', 'INVALIDHANDLE', () => [1, 1, 5]],

  ['mvOpenSystemNotification', 'OKAY', (b) => subscribe(b, {})],
  ['mvOpenSystemNotification', 'INVALIDHANDLE', (b) => subscribe(b, { notification_handle: 1 })],
  ['mvOpenSystemNotification', 'INVALIDHANDLE', (b) => subscribe(b, { notification_source: 2 })],
  ['mvOpenSystemNotification', 'PARAMETERFAULT', (b) => [SECURE_RAM, b.place(4)]],
  ['mvOpenSystemNotification', 'UNAVAILABLE', inHandler((b) => subscribe(b, {}))],
  [
    'mvOpenSystemNotification',
    'UNAVAILABLE',
    (b) => {
      const args = subscribe(b, {})
      for (let i = 0; i < 32; i++) {
        assert.equal(b.call('mvOpenSystemNotification', ...args), Status.OKAY)
      }
      return args
    },
  ],

  ['mvCloseSystemNotification', 'OKAY', (b) => [word(b, subscribed(b))]],
  ['mvCloseSystemNotification', 'INVALIDHANDLE', (b) => [word(b, 3)]],
  ['mvCloseSystemNotification', 'PARAMETERFAULT', () => [FLASH]],
  ['mvCloseSystemNotification', 'UNAVAILABLE', inHandler((b) => [word(b, subscribed(b))])],
]
