/** docs/reference/scenarios.md: scenario files, from the tables of steps and expectations. */
import {
  expectations,
  modifierKeys,
  outsideKeys,
  policyKeys,
  scenarioKeys,
  troubles,
  verbs,
} from '@microvisor/device'
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
Accesses to what the chip model lacks do not fail a scenario unless it says \`expect: { unmodelled: 0 }\`. They are reported on
the terminal, in \`--json\` (\`unmodelledUses\`) and in JUnit (\`system-err\`): which register, how often, from which function
of the ELF file, and what it was told.

## What comes out

| | |
|---|---|
| terminal | one line a scenario; where one failed, its steps and what was seen instead |
| \`--json\` | results with every step and event |
| \`--junit FILE\` | a suite for each scenario, a case for each step |
| \`--vcd FILE\` | waveforms of the pins, buses and ports under \`waves\`, every edge at its nanosecond, for GTKWave, PulseView and sigrok's decoders |
| \`--trace FILE\` | everything that happened, line by line |
| \`--pictures DIR\` | pictures that \`picture\` steps ask for |
| exit code | 0: all passed; 1: one failed; 2: a file or the command line makes no sense |

## Under the microvisor

With \`run: microvisor\` the platform's own kernel boots, verifies and starts the application, and talks to a cloud in the
same process: the application is installed before the scenario begins, and its log (\`mvServerLog\`) is \`log\`. A bundle
brings all its layers and its policies; \`policies\` changes these, under the names that \`microvisor deploy\` has for them:

${table(['policy', 'what it says'], policies)}
Channels lead to the world that \`outside\` describes: managed HTTP, MQTT and config fetch work as they do through the real
cloud, on virtual time and without a network of the host's. Opaque channels can be opened to \`log\` and \`echo\`.

${table(['outside', 'what there is'], rows(outsideKeys))}
${outsideExample}

A URL of a host that answers something else is a 404; a host that answers nothing is not there (\`REQUESTFAILED\`). Names
are believed: there is no TLS in this world, and no limit on how much and how often.
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

const outsideExample = `\`\`\`yaml
run: microvisor
policies: { minimum-check-in-time: 1 h }
outside:
  web:
    https://example.com/limits: { status: 200, headers: { etag: "1" }, body: "25", after: 300 ms }
    POST https://example.com/readings: { status: 201 }
  values:
    device config: { colour: blue }
  brokers: ["broker.example.com:8883"]
steps:
  - expect: { web: "^POST https://example.com/readings 21", mqtt: "^sensors/1/state on" }
  - publish: { sensors/1/command: off }
  - network: { latency: 300 ms, loss: 5 %, rate: 2 }
  - answer: { POST https://example.com/readings: { status: 503 } }
\`\`\``

const policies = Object.entries(policyKeys).map(([key, { about }]) => [code(key), about])

function rows(facts: Readonly<Record<string, string>>): string[][] {
  return Object.entries(facts).map(([key, about]) => [code(key), about])
}

function examples(
  facts: Readonly<Record<string, { readonly about: string; readonly example: string }>>,
): string[][] {
  return Object.entries(facts).map(([key, { about, example }]) => [code(key), about, code(example)])
}
