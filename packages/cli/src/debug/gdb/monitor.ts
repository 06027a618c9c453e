/** `monitor`: what GDB has no command for. */
import { type Stopped, toHex } from '@microvisor/protocol'
import type { Target } from '../target.ts'
import { gdbRegisters, partsOf } from './target-description.ts'

interface MonitorCommand {
  readonly usage: string
  readonly help: string
  readonly run: (target: Target, args: readonly string[]) => Promise<string> | string
}

/** GDB keeps the registers that it has across `monitor`, whatever that did. */
const UNNOTICED =
  'GDB shows the registers of before until it goes on, or after: maintenance flush register-cache\n'

const commands: Readonly<Record<string, MonitorCommand>> = {
  reset: {
    usage: 'reset',
    help: 'start the application from the beginning and halt before its first instruction',
    run: async (target) => `Started anew, at ${address(await target.restart())}.\n${UNNOTICED}`,
  },
  halt: {
    usage: 'halt',
    help: 'say where the application is halted',
    run: (target) => `Halted at ${address(target.lastStop)}.\n`,
  },
  info: {
    usage: 'info',
    help: 'say what is being debugged',
    run: (target) => info(target),
  },
  reg: {
    usage: 'reg [NAME]',
    help: 'show registers, system registers among them',
    run: (target, [name]) => registers(target, name),
  },
  help: {
    usage: 'help',
    help: 'show this list',
    run: () => help(),
  },
}

/** The text for GDB's console. */
export async function runMonitor(line: string, target: Target): Promise<string> {
  const [word = '', ...args] = line.split(/\s+/)
  const command = commands[word]
  if (command === undefined) return `There is no command "${word}".\n${help()}`
  return command.run(target, args)
}

function help(): string {
  const lines = Object.values(commands).map(({ usage, help: words }) => {
    return `monitor ${usage.padEnd(12)} ${words}\n`
  })
  return lines.join('')
}

function info({ attached, breakpoints, watchpoints, requests }: Target): string {
  return [
    `kernel       ${attached.kernelVersionText}`,
    `application  sha256:${toHex(attached.manifestHash)}`,
    `breakpoints  ${breakpoints.size} set; ${attached.hardwareBreakpoints} comparators for flash, any number in SRAM`,
    `watchpoints  ${watchpoints.length} of ${attached.hardwareWatchpoints}`,
    `round trips  ${requests}`,
    '',
  ].join('\n')
}

function registers(target: Target, name: string | undefined): string {
  const shown = gdbRegisters.filter((register) => name === undefined || register.name === name)
  if (shown.length === 0) return `There is no register "${name}".\n`
  const lines = shown.map((register) => {
    const words = partsOf(register).map((number) => target.state.register(number) ?? 0)
    const hex = words.reverse().map((word) => word.toString(16).padStart(8, '0'))
    return `${register.name.padEnd(10)} 0x${hex.join('')}\n`
  })
  return lines.join('')
}

function address(stop: Stopped | undefined): string {
  const pc = stop?.registers.find(({ number }) => number === 15)?.value ?? 0
  return `0x${pc.toString(16).padStart(8, '0')}`
}
