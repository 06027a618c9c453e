/**
 * `microvisor device board`: a live board drawn again and again in the terminal, and the keys that
 * move its controls. Without a terminal, a picture a second as text or JSON.
 */
import { boardLines, type LiveBoard, type LiveControl, openLiveBoard } from '@microvisor/device'
import { aborted } from './interruption.ts'
import { printable } from './output.ts'

export interface BoardViewOptions {
  readonly firmware: string
  readonly board: string | undefined
  readonly isMicrovisor: boolean
  readonly isJson: boolean
  readonly signal: AbortSignal
}

const FRAME_MS = 100
const PICTURE_MS = 1000
/** How long a key holds a button. */
const PRESS_MS = 120
const LOG_LINES = 8
const STEPS = 50
const SCREEN = {
  enter: '\u001b[?1049h\u001b[?25l',
  leave: '\u001b[?25h\u001b[?1049l',
  home: '\u001b[H',
}
const TO_END_OF_LINE = '\u001b[K'
const TO_END_OF_SCREEN = '\u001b[J'

export async function showBoard(options: BoardViewOptions): Promise<void> {
  const log: string[] = []
  const live = await openLiveBoard({
    ...options,
    line: (source, text) => {
      log.push(`${source}: ${printable(text)}`)
      if (log.length > LOG_LINES) log.shift()
    },
  })
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const isInteractive = process.stdout.isTTY === true && !options.isJson
  try {
    live.start()
    if (isInteractive) await drawLive(live, log, signal, () => ending.abort())
    else await printPictures(live, options.isJson, signal)
  } finally {
    live.stop()
  }
}

async function printPictures(live: LiveBoard, isJson: boolean, signal: AbortSignal): Promise<void> {
  const timer = setInterval(() => {
    const picture = live.picture()
    const text = isJson
      ? JSON.stringify(picture, (_, value) => (value instanceof Uint8Array ? [...value] : value))
      : boardLines(picture, { hasColours: false }).join('\n')
    process.stdout.write(`${text}\n`)
  }, PICTURE_MS)
  await aborted(signal)
  clearInterval(timer)
}

async function drawLive(
  live: LiveBoard,
  log: readonly string[],
  signal: AbortSignal,
  quit: () => void,
): Promise<void> {
  const keys = new Keys(live, quit)
  const take = (bytes: Buffer) => keys.take(bytes.toString('utf8'))
  process.stdout.write(SCREEN.enter)
  process.stdin.setRawMode?.(true)
  process.stdin.on('data', take)
  const draw = () => {
    const lines = [
      ...boardLines(live.picture(), { hasColours: true }),
      '',
      ...keys.lines,
      '',
      ...log,
    ]
    const shown = lines.slice(0, (process.stdout.rows ?? 24) - 1)
    process.stdout.write(
      SCREEN.home + shown.map((line) => `${line}${TO_END_OF_LINE}\n`).join('') + TO_END_OF_SCREEN,
    )
  }
  const timer = setInterval(draw, FRAME_MS)
  try {
    await aborted(signal)
  } finally {
    clearInterval(timer)
    process.stdin.off('data', take)
    process.stdin.setRawMode?.(false)
    process.stdin.pause()
    process.stdout.write(SCREEN.leave)
  }
}

/** What keys do: buttons by number, one control at a time by + and -. */
class Keys {
  readonly #live: LiveBoard
  readonly #quit: () => void
  readonly #buttons: readonly LiveControl[]
  readonly #dials: readonly LiveControl[]
  #chosen = 0

  constructor(live: LiveBoard, quit: () => void) {
    this.#live = live
    this.#quit = quit
    this.#buttons = live.controls.filter(({ rule }) => rule.type === 'yes-no').slice(0, 9)
    this.#dials = live.controls.filter(({ rule }) => rule.type === 'number')
  }

  get lines(): string[] {
    const buttons = this.#buttons.map(({ part, control }, i) => `${i + 1} ${part}.${control}`)
    const dial = this.#dials[this.#chosen]
    const shown = dial && `${dial.part}.${dial.control} = ${Number(dial.value).toFixed(2)}`
    const moves =
      dial === undefined ? [] : [`Tab + -  ${shown} ${'unit' in dial.rule ? dial.rule.unit : ''}`]
    return [[...buttons, ...moves, 'q ends'].join('   ')]
  }

  take(text: string): void {
    for (const key of text) this.#key(key)
  }

  #key(key: string): void {
    const button = this.#buttons[Number(key) - 1]
    if (button !== undefined) this.#press(button)
    else if (key === 'q' || key === '\u0003') this.#quit()
    else if (key === '\t') this.#chosen = (this.#chosen + 1) % Math.max(1, this.#dials.length)
    else if (key === '+' || key === '=') this.#move(1)
    else if (key === '-') this.#move(-1)
  }

  /** A button is let go again by itself; anything else changes between yes and no. */
  #press(control: LiveControl): void {
    if (control.control !== 'pressed') {
      this.#live.set(control, control.value !== true)
      return
    }
    this.#live.set(control, true)
    setTimeout(() => this.#live.set(control, false), PRESS_MS)
  }

  #move(direction: 1 | -1): void {
    const control = this.#dials[this.#chosen]
    if (control?.rule.type !== 'number') return
    const { min, max } = control.rule
    const value = Number(control.value) + (direction * (max - min)) / STEPS
    this.#live.set(control, Math.min(max, Math.max(min, value)))
  }
}
