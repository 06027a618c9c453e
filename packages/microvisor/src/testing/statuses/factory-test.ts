/** Statuses of the calls of the factory test. */
import type { Bench } from '../bench.ts'
import { TestFactory } from '../test-hardware.ts'
import { type Arrange, type Row, SECURE_RAM } from './arrange.ts'

/** On the bench of the factory test. */
function testing(arrange: Arrange): Arrange {
  return (bench) => {
    bench.hardware.factoryTest = new TestFactory()
    return arrange(bench)
  }
}

function begun(arrange: Arrange): Arrange {
  return testing((bench) => {
    bench.call('mvTestLoggingInit', bench.place(512, 512), 512)
    return arrange(bench)
  })
}

const line = (b: Bench) => [b.text('hello'), 5]

export const factoryTestRows: readonly Row[] = [
  ['mvTestingComplete', 'UNAVAILABLE', () => [0]],

  ['mvTestLoggingInit', 'OKAY', testing((b) => [b.place(512, 512), 512])],
  ['mvTestLoggingInit', 'UNAVAILABLE', (b) => [b.place(512, 512), 512]],
  ['mvTestLoggingInit', 'INVALIDBUFFERALIGNMENT', testing((b) => [b.place(1024, 512) + 4, 512])],
  ['mvTestLoggingInit', 'INVALIDBUFFERSIZE', testing((b) => [b.place(512, 512), 500])],
  ['mvTestLoggingInit', 'PARAMETERFAULT', testing(() => [SECURE_RAM, 512])],

  ['mvTestLog', 'OKAY', begun(line)],
  ['mvTestLog', 'UNAVAILABLE', line],
  ['mvTestLog', 'UNAVAILABLE', testing(line)],
  ['mvTestLog', 'LOGMESSAGETOOLONG', begun((b) => [b.place(1025), 1025])],
  ['mvTestLog', 'INVALIDBUFFERSIZE', begun((b) => [b.place(497), 497])],
  ['mvTestLog', 'PARAMETERFAULT', begun(() => [SECURE_RAM, 5])],
]
