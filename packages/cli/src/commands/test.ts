import { string } from '@oclif/core/args'
import { integer, string as text } from '@oclif/core/flags'
import { MicrovisorCommand } from '../microvisor-command.ts'

export class Test extends MicrovisorCommand {
  static override summary =
    'Run scenarios: firmware on a virtual board, driven and checked by a script'
  static override description =
    'Runs unmodified firmware headless on virtual time, does to the board what the scenario says, and checks what it expects. The same scenario gives the same result, every time. Exit code 0: all passed; 1: one failed; 2: a file makes no sense. docs/reference/scenarios.md has every step.'
  static override strict = false
  static override args = {
    scenario: string({
      required: true,
      description: 'scenario files, or patterns like `test/**/*.yaml`',
    }),
  }
  static override flags = {
    junit: text({ helpValue: 'FILE', description: 'write results as JUnit XML' }),
    vcd: text({
      helpValue: 'FILE',
      description:
        'write waveforms; with several scenarios the name of each goes before the ending',
    }),
    pictures: text({
      helpValue: 'DIR',
      default: 'pictures',
      description: 'where pictures of the board go',
    }),
    seed: integer({
      min: 0,
      helpValue: 'N',
      description: 'for everything random; instead of the scenario’s own',
    }),
    timeout: integer({
      min: 1,
      default: 600,
      helpValue: 'SECONDS',
      description: 'how long one scenario may take on this machine',
    }),
    trace: text({ helpValue: 'FILE', description: 'write everything that happened, line by line' }),
  }
  static override examples = [
    '<%= config.bin %> test blink.yaml',
    '<%= config.bin %> test "test/scenarios/*.yaml" --junit results.xml',
    '<%= config.bin %> test motor.yaml --vcd motor.vcd --seed 7',
  ]

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Test)
    this.settle(flags)
    const { runTests } = await import('../scenario-tests.ts')
    await runTests(argv as string[], {
      ...{ junit: flags.junit, vcd: flags.vcd, pictures: flags.pictures, trace: flags.trace },
      ...{ seed: flags.seed, timeoutMs: flags.timeout * 1000 },
      isVerbose: flags['log-level'] === 'debug',
      progress: (line) => this.progress(line),
      result: (value, shown) => this.result(value, shown),
    })
  }
}
