/**
 * A push button on a pin, to the supply or to ground, with contacts that bounce if asked to.
 */
import { number, type PartKind, text } from '../part.ts'

/** How often contacts open and close again before they rest. */
const BOUNCES = 6

export const button: PartKind = {
  kind: 'button',
  title: 'push button',
  source: 'two contacts',
  notModelled: 'contact resistance',
  settings: {
    pin: { type: 'pin', about: 'the pin it is connected to', isDriven: true, isRequired: true },
    pressed: {
      type: 'choice',
      about: 'level when pressed',
      among: ['high', 'low'],
      fallback: 'high',
    },
    bounce: {
      ...{ type: 'number', about: 'how long its contacts bounce', unit: 's' },
      ...{ min: 0, max: 0.1, fallback: 0 },
    },
  },
  controls: { pressed: { type: 'yes-no', about: 'whether it is held', initial: false } },
  readings: { pressed: 'whether it is held' },
  make(around) {
    const { settings } = around
    const drive = around.drive(text(settings, 'pin'), false)
    const isHigh = text(settings, 'pressed') === 'high'
    const bounce = number(settings, 'bounce')
    let isPressed = false
    let cancels: (() => void)[] = []
    const show = (isClosed: boolean) => drive(isClosed === isHigh)
    show(false)
    return {
      set(_, value) {
        if (isPressed === Boolean(value)) return
        isPressed = Boolean(value)
        for (const cancel of cancels) cancel()
        cancels = []
        show(isPressed)
        if (bounce === 0) return
        const moments = Array.from({ length: BOUNCES }, () => around.random() * bounce).sort(
          (a, b) => a - b,
        )
        cancels = moments.map((at, i) => around.after(at, () => show((i % 2 === 1) === isPressed)))
      },
      readings: () => ({ pressed: isPressed }),
      picture: () => ({ kind: 'button', isPressed }),
    }
  },
}
