import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LowPower, type SleepMode } from './low-power.ts'

const SYST_CSR = 0xe000_e010
const ISER = 0xe000_e100
const ISPR = 0xe000_e200
const modes: readonly SleepMode[] = ['sleep', 'stop0', 'stop1', 'stop2', 'stop3']

/** Registers of the private bus as plain words. */
function unit() {
  const words = new Map<number, number>([[SYST_CSR, 7]])
  const power = new LowPower({
    readPrivate: (address) => words.get(address) ?? 0,
    writePrivate: (address, value) => void words.set(address, value),
  })
  const raise = (irq: number) => {
    const bit = (1 << (irq & 31)) >>> 0
    words.set(ISER + (irq >> 5) * 4, bit)
    words.set(ISPR + (irq >> 5) * 4, bit)
  }
  return { power, words, raise }
}

/** The modes that an interrupt ends. */
function wokenBy(irq: number): string[] {
  return modes.filter((mode) => {
    const { power, raise } = unit()
    power.enter(mode)
    assert.equal(power.wake(), false)
    raise(irq)
    return power.wake()
  })
}

test('the deeper the mode, the fewer interrupts end it', () => {
  assert.deepEqual(wokenBy(45), ['sleep']) // TIM2
  assert.deepEqual(wokenBy(62), ['sleep', 'stop0', 'stop1']) // USART2
  assert.deepEqual(wokenBy(66), ['sleep', 'stop0', 'stop1', 'stop2']) // LPUART1
  assert.deepEqual(wokenBy(24), ['sleep', 'stop0', 'stop1', 'stop2']) // EXTI13
  assert.deepEqual(wokenBy(2), modes) // RTC
  for (let irq = 0; irq < 125; irq++) {
    const woken = wokenBy(irq)
    assert.deepEqual(woken, modes.slice(0, woken.length), `interrupt ${irq}`)
  }
})

test('an interrupt that is not enabled ends nothing', () => {
  const { power, words } = unit()
  power.enter('sleep')
  words.set(ISPR, 4)
  assert.equal(power.wake(), false)
})

test('the secure side ends any mode, once', () => {
  for (const mode of modes) {
    const { power } = unit()
    power.rouse()
    power.enter(mode)
    assert.equal(power.wake(), false)
    power.rouse()
    assert.equal(power.wake(), true)
    assert.equal(power.mode, undefined)
  }
})

test('SysTick stands still in the Stop modes and goes on as it was', () => {
  for (const mode of modes) {
    const { power, words } = unit()
    power.enter(mode)
    assert.equal(words.get(SYST_CSR), mode === 'sleep' ? 7 : 6)
    power.rouse()
    power.wake()
    assert.equal(words.get(SYST_CSR), 7)
  }
})
