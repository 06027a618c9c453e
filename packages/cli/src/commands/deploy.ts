import type { DeviceEvent } from '@microvisor/api'
import { string } from '@oclif/core/args'
import { boolean, integer, string as text } from '@oclif/core/flags'
import { Failure, usageError } from '../errors.ts'
import { interruption } from '../interruption.ts'
import { MicrovisorCommand } from '../microvisor-command.ts'
import { policiesOf, policyFlags } from '../policies.ts'

export class Deploy extends MicrovisorCommand {
  static override summary =
    'Build, bundle, upload and assign an application to a device, and wait until it runs'
  static override description =
    'PATH is a CMake project (built in its folder `build`), an ELF file, a raw image (.bin) or a bundle (.zip). A device that is offline updates when it connects.'
  static override args = {
    path: string({
      default: '.',
      description: 'project folder, .elf, .bin or .zip; the present folder unless given',
    }),
  }
  static override flags = {
    device: text({
      aliases: ['devicesid', 'device-sid'],
      helpValue: 'DEVICE',
      description: 'SID or unique name (MV_DEVICE_SID); the only device unless given',
    }),
    name: text({ helpValue: 'NAME', description: 'unique name for the new app' }),
    log: boolean({ description: 'follow the device afterwards, as `logs stream` does' }),
    logonly: boolean({
      exclusive: ['build', 'deploy', 'clean'],
      description: 'only follow the device',
    }),
    build: boolean({
      char: 'b',
      exclusive: ['deploy', 'log'],
      description: 'only build and bundle',
    }),
    deploy: boolean({ char: 'd', description: 'deploy the latest build without building' }),
    clean: boolean({
      char: 'c',
      exclusive: ['deploy'],
      description: 'empty the build folder first',
    }),
    wait: boolean({
      allowNo: true,
      default: true,
      description: 'wait until the device runs the application, or says why not',
    }),
    timeout: integer({
      min: 1,
      helpValue: 'SECONDS',
      description: 'longest wait; endless unless given',
    }),
    ...policyFlags,
  }
  static override examples = [
    '<%= config.bin %> deploy samples/blink --device first-device --log',
    '<%= config.bin %> deploy build/app.elf --device greenhouse --name greenhouse-42',
    '<%= config.bin %> deploy app.zip --no-wait --json',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Deploy)
    this.settle(flags)
    if (flags.log && !flags.wait) {
      throw usageError('--log and --no-wait do not go together.', 'leave one of them out.')
    }
    const steps = await import('../deployment.ts')
    const speak = {
      progress: (line: string) => this.progress(line),
      showEvent: (event: DeviceEvent) => this.event(event),
    }
    const source = {
      path: args.path,
      policies: policiesOf(flags),
      isBuilt: flags.deploy,
      isCleanFirst: flags.clean,
      isKept: flags.build,
      buildOutput: (text: string) => this.toolOutput(text),
      ...speak,
    }
    if (flags.build) {
      const { path } = await steps.prepareBundle(source)
      return this.result({ bundle: path }, path)
    }
    const { chooseDevice } = await import('../choose-device.ts')
    const signal = interruption()
    const cloud = await this.connect(flags)
    const device = await chooseDevice(cloud, flags.device)
    if (flags.logonly) {
      const { follow } = await import('../events.ts')
      return follow(cloud, { device, signal, ...speak })
    }
    const outcome = await steps.deploy(cloud, {
      bundle: await steps.prepareBundle(source),
      device,
      uniqueName: flags.name,
      isWaiting: flags.wait,
      isLogging: flags.log,
      timeoutSeconds: flags.timeout,
      isAnimated: this.canAnimate,
      signal,
      ...speak,
    })
    if (flags.wait && !outcome.device) throw interrupted(device.sid)
    if (flags.log) return
    const { sid } = outcome.app
    const { wire } = await import('../resources.ts')
    const text = outcome.device
      ? `Device ${device.sid} runs app ${sid}; over the air: ${wire(outcome.device) ?? 'nothing'}.`
      : `Device ${device.sid} has the target ${sid}.`
    this.result({ app: outcome.app, device: outcome.device ?? null }, text)
  }
}

function interrupted(device: string): Failure {
  return new Failure({
    code: 'INTERRUPTED',
    message: `nobody waits for device ${device} any more; its target stands.`,
    fix: 'follow the update with `microvisor logs stream`.',
  })
}
