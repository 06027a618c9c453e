import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatOverview, type LocalDevice, withFunctions } from './device-overview.ts'

const access = {
  ...{
    peripheral: 'TSC',
    register: 'CR',
    address: 0x4002_4000,
    direction: 'write',
    pc: 0x0800_0124,
  },
  ...{ value: 1, count: 3, answer: 'remembered, no effect' },
} as const

const device = {
  ...{ name: 'one', folder: '/tmp/one', status: undefined, runningPid: undefined },
  record: { sid: 'UV1', accountSid: 'AC1', gateway: { host: 'localhost', port: 1 } },
  report: {
    ...{ accesses: [access], totalAccesses: 3, microvisor: {} },
    energy: { microseconds: {}, averageMicroamperes: 0 },
  },
} as unknown as LocalDevice

test('the report tells address, register, PC, how often and what was answered', () => {
  const text = formatOverview(device, 2600)
  for (const part of ['0x4002_4000', 'TSC_CR', 'write', '0x0800_0124', '3', 'remembered']) {
    assert.ok(text.includes(part), part)
  }
  assert.ok(!text.includes('FUNCTION'))
})

test('with a symbol table it names the function', () => {
  const named = withFunctions(device, (pc) => (pc === access.pc ? 'touch_init+0x4' : undefined))
  assert.equal(named.report?.accesses[0]?.function, 'touch_init+0x4')
  assert.match(formatOverview(named, 2600), /FUNCTION(.|\n)*touch_init\+0x4/)
})
