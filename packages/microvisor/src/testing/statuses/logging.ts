/** Statuses of the calls about the log. */
import { Status } from '@microvisor/protocol'
import { FLASH, RAM } from '../test-hardware.ts'
import { logBuffer, logging, type Row, SECURE_RAM } from './arrange.ts'

export const loggingRows: readonly Row[] = [
  ['mvServerLoggingInit', 'OKAY', (b) => [b.place(1024, 512), 1024]],
  ['mvServerLoggingInit', 'INVALIDBUFFERALIGNMENT', (b) => [b.place(1024, 512) + 8, 512]],
  ['mvServerLoggingInit', 'INVALIDBUFFERSIZE', (b) => [b.place(1024, 512), 1000]],
  ['mvServerLoggingInit', 'INVALIDBUFFERSIZE', (b) => [b.place(1024, 512), 0]],
  ['mvServerLoggingInit', 'PARAMETERFAULT', () => [SECURE_RAM - 512, 1024]],
  ['mvServerLoggingInit', 'PARAMETERFAULT', (b) => [b.center(46).buffer & ~511, 1024]],

  ['mvServerLog', 'OKAY', (b) => logging(b, b.text('hello'), 5)],
  ['mvServerLog', 'OKAY', (b) => logging(b, 0, 0)],
  ['mvServerLog', 'OKAY', (b) => logging(b, FLASH, 16)],
  ['mvServerLog', 'UNAVAILABLE', (b) => [b.text('hello'), 5]],
  ['mvServerLog', 'PARAMETERFAULT', (b) => logging(b, SECURE_RAM, 5)],
  ['mvServerLog', 'LOGMESSAGETOOLONG', (b) => logging(b, RAM, 1025)],
  [
    'mvServerLog',
    'INVALIDBUFFERSIZE',
    (b) => {
      logBuffer(b)
      b.isCloudUp = false
      b.disconnect()
      return b.call('mvServerLog', RAM, 1000) === Status.OKAY ? [RAM, 1000] : []
    },
  ],
  [
    'mvServerLog',
    'LOGGINGDISABLEDBYSERVER',
    (b) => {
      logBuffer(b)
      b.cloud.send({ case: 'settings', value: { loggingEnabled: false } })
      b.run()
      return [b.text('hello'), 5]
    },
  ],
]
