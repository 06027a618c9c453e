/** docs/reference/scenarios.md: scenario files, from the tables of steps and expectations. */
import { expectations, modifierKeys, scenarioKeys, troubles, verbs } from '@microvisor/device'
import { code, table } from './markdown.ts'

export function makeScenarioPage(): string {
  return `# Scenarios

<!-- Generated from packages/device/src/scenario by \`npm run gen\`: change it there. -->

A scenario runs a firmware on a virtual board, does things to the board, and checks what comes of it. It runs headless and
on virtual time: \`microvisor test SCENARIO.yaml\`. The same scenario, firmware and seed give the same run, to the
nanosecond and the byte; sleep costs nothing.

${example}

${table(['key', 'what it is'], rows(scenarioKeys))}
## Steps

Each step has one verb. Steps happen one after the other; a step that waits holds up those behind it.

${table(['verb', 'what it does', 'example'], examples(verbs))}
${table(['with a verb', ''], rows(modifierKeys))}
## Expectations

All that stand in one \`expect\` have to be met at some time before \`within\` is over. Text is matched by regular
expressions, line by line.

${table(['expectation', 'what it looks at', 'example'], examples(expectations))}
Numbers can be exact (\`5\`, \`0x1f\`, \`38 kHz\`), compared (\`">= 5"\`), ranges (\`20..25\`) or around a value
(\`38 kHz ± 1 %\`). Readings of parts stand in [boards.md](boards.md).

## What fails a scenario by itself

${table(['allow', 'what'], rows(troubles))}
Accesses to what the chip model lacks are counted and reported; \`expect: { unmodelled: 0 }\` makes them fail.

## What comes out

| | |
|---|---|
| terminal | one line a scenario; where one failed, its steps and what was seen instead |
| \`--json\` | results with every step and event |
| \`--junit FILE\` | a suite for each scenario, a case for each step |
| \`--vcd FILE\` | waveforms of the pins, buses and ports under \`waves\`, for GTKWave and its like |
| \`--trace FILE\` | everything that happened, line by line |
| \`--pictures DIR\` | pictures that \`picture\` steps ask for |
| exit code | 0: all passed; 1: one failed; 2: a file or the command line makes no sense |

Under \`run: microvisor\` the platform's own kernel boots, verifies and starts the application, and talks to a cloud in the
same process: the application is installed before the scenario begins, its log (\`mvServerLog\`) is \`log\`, channels are
refused.
`
}

const example = `\`\`\`yaml
scenario: the fan follows the temperature
firmware: build/fan.elf
board:
  parts:
    thermometer: { kind: mcp9808, bus: I2C1, address: 0x18 }
steps:
  - expect: { log: "^fan controller ready" }
    within: 1 s
  - set: { thermometer.temperature: 45 C }
  - expect: { frequency: { PA8: 25 kHz ± 1 % }, duty: { PA8: "> 80 %" } }
    within: 3 s
  - picture: hot.svg
  - power: cycle
  - expect: { log: "^fan controller ready", variable: { restarts: 1 } }
\`\`\``

function rows(facts: Readonly<Record<string, string>>): string[][] {
  return Object.entries(facts).map(([key, about]) => [code(key), about])
}

function examples(
  facts: Readonly<Record<string, { readonly about: string; readonly example: string }>>,
): string[][] {
  return Object.entries(facts).map(([key, { about, example }]) => [code(key), about, code(example)])
}
