import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultSignal } from './fault-signal.ts'

test('a fault that was escalated has the signal of its cause', () => {
  for (const [exception, cfsr, signal] of [
    ['HardFault', 1 << 16, 'SIGILL'],
    ['UsageFault', 1 << 24, 'SIGILL'],
    ['HardFault', 1 << 25, 'SIGFPE'],
    ['HardFault', 1 << 9, 'SIGBUS'],
    ['BusFault', 0, 'SIGBUS'],
    ['MemManage', 1, 'SIGSEGV'],
    ['SecureFault', 0, 'SIGSEGV'],
    ['HardFault', 0, 'SIGSEGV'],
  ] as const) {
    assert.equal(faultSignal({ exception, cfsr }), signal, `${exception} ${cfsr}`)
  }
})
