/** Steps that act upon what the chip lives on: its supply, its reset pin, its crystals. */
import { readQuantity } from '../board/quantities.ts'
import { refuseUnknown } from '../board/yaml-reader.ts'
import { act, pause, type Verb } from './verb.ts'

const SUPPLY = { unit: 'V', min: 0, max: 3.6 } as const
const CRYSTALS = ['hse', 'lse'] as const
const STATES = ['fails', 'works'] as const

export const supplyVerbs: Readonly<Record<string, Verb>> = {
  power: {
    about:
      'takes the supply away (`off`), brings it back (`on`), or both (`cycle`, off `for` a time)',
    example: 'power: cycle',
    takes: ['for'],
    read(value, _, { for: hold }) {
      const known = ['on', 'off', 'cycle']
      if (!known.includes(value.text)) return refuseUnknown('power', value, known)
      return function* (run) {
        if (value.text !== 'on' && run.world.hasPower) run.world.powerDown()
        if (value.text === 'cycle') yield* pause(run, hold ?? 0.1)
        if (value.text !== 'off' && !run.world.hasPower) run.world.powerUp()
      }
    },
  },
  supply: {
    about:
      'the supply is so high from now on, 3.3 V before: PVD compares it with its level, and below 1.7 V the chip is held in reset (brown-out); its memory and backup domain hold, but not under the microvisor',
    example: 'supply: 2.4 V',
    takes: [],
    read(value) {
      const volts = readQuantity(value, '`supply`', SUPPLY)
      if (volts === undefined) return undefined
      return act(({ world }) => world.setSupply(volts))
    },
  },
  crystal: {
    about: 'a crystal (`hse`, `lse`) stops (`fails`) or oscillates again (`works`)',
    example: 'crystal: { hse: fails }',
    takes: [],
    read(value) {
      const changes = value.entries('`crystal`').flatMap(({ key, keyNode, value: state }) => {
        const name = CRYSTALS.find((one) => one === key)
        const isKnown = (STATES as readonly string[]).includes(state.text)
        if (name === undefined) refuseUnknown('crystal', keyNode, CRYSTALS)
        else if (!isKnown) refuseUnknown('state', state, STATES)
        else return [{ name, isRunning: state.text === 'works' }]
        return []
      })
      return act(({ world }) => {
        for (const { name, isRunning } of changes) world.board.chip.rcc.setCrystal(name, isRunning)
      })
    },
  },
  reset: {
    about: 'pulls the reset pin (`pin`)',
    example: 'reset: pin',
    takes: [],
    read(value) {
      if (value.text !== 'pin') return refuseUnknown('reset', value, ['pin'])
      return act(({ world }) => world.reset())
    },
  },
}
