import type { App, Device, DeviceEvent } from '@microvisor/api'
import { string } from '@oclif/core/args'
import { boolean, integer, string as text } from '@oclif/core/flags'
import { debugCommand } from '../debug/debug-command.ts'
import type { KeyFlags } from '../debug/deploy-keys.ts'
import { GDB_HOST, GDB_PORT } from '../debug/ports.ts'
import type { ServeOptions } from '../debug/serve.ts'
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
      exclusive: ['build', 'deploy', 'clean', 'genkeys'],
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
    genkeys: boolean({
      helpGroup: 'DEBUGGING',
      description:
        'make a pair of debug keys in the build folder and bundle the public half; a pair that is there is kept',
    }),
    publickey: text({
      helpGroup: 'DEBUGGING',
      helpValue: 'FILE',
      exclusive: ['debug-auth-pubkey'],
      description: 'public debug key to bundle, or where --genkeys puts it',
    }),
    privatekey: text({
      helpGroup: 'DEBUGGING',
      helpValue: 'FILE',
      description: 'private debug key, whose public half is bundled, or where --genkeys puts it',
    }),
    debug: boolean({
      helpGroup: 'DEBUGGING',
      exclusive: ['build', 'log', 'logonly'],
      description: 'serve GDB once the application runs, as `debug` does',
    }),
    port: integer({
      helpGroup: 'DEBUGGING',
      dependsOn: ['debug'],
      min: 0,
      max: 65_535,
      description: 'of the GDB server; 8001 unless given',
    }),
    ...policyFlags,
  }
  static override examples = [
    '<%= config.bin %> deploy samples/blink --device first-device --log',
    '<%= config.bin %> deploy build/app.elf --device greenhouse --name greenhouse-42',
    '<%= config.bin %> deploy samples/blink --device first-device --genkeys --debug',
    '<%= config.bin %> deploy app.zip --no-wait --json',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Deploy)
    this.settle(flags)
    checkUsage(flags)
    const steps = await import('../deployment.ts')
    const speak = {
      progress: (line: string) => this.progress(line),
      showEvent: (event: DeviceEvent) => this.event(event),
    }
    const keys = await this.#keys(args.path, flags)
    const policies = policiesOf({ ...flags, 'debug-auth-pubkey': undefined })
    const source = {
      path: args.path,
      policies: { ...policies, debugKey: keys.debugKey },
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
    const bundle = await steps.prepareBundle(source)
    const debug = keys.privateKey && debugCommand(flags.device ?? device.sid, keys.privateKey)
    if (debug !== undefined && flags.log) this.progress(`Debug it with: ${debug}`)
    const outcome = await steps.deploy(cloud, {
      bundle,
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
    const text = await inWords(outcome, device.sid)
    const answer = { app: outcome.app, device: outcome.device ?? null }
    if (debug === undefined) return this.result(answer, text)
    if (!flags.debug) {
      return this.result({ ...answer, debug }, `${text}\nDebug it with: ${debug}`)
    }
    this.progress(text)
    return this.#serveGdb(answer, {
      ...{ cloud, deviceSid: device.sid, keyFile: keys.privateKey ?? '', signal },
      ...{ port: flags.port ?? GDB_PORT, elf: bundle.elf?.path },
    })
  }

  async #serveGdb(answer: object, options: Omit<ServeOptions, 'host' | 'progress' | 'listening'>) {
    const { serveGdb } = await import('../debug/serve.ts')
    await serveGdb({
      ...options,
      host: GDB_HOST,
      progress: (line) => this.progress(line),
      listening: (port) => {
        const text = `GDB server listening on ${GDB_HOST}:${port}`
        this.result({ ...answer, gdb: { host: GDB_HOST, port } }, text)
      },
    })
  }

  async #keys(path: string, flags: KeyFlags & { 'debug-auth-pubkey'?: string | undefined }) {
    const { deployKeys } = await import('../debug/deploy-keys.ts')
    const publickey = flags.publickey ?? flags['debug-auth-pubkey']
    return deployKeys(path, { ...flags, publickey }, (line) => this.progress(line))
  }
}

interface UsedTogether {
  readonly log: boolean
  readonly wait: boolean
  readonly debug: boolean
  readonly genkeys: boolean
  readonly privatekey?: string | undefined
}

function checkUsage({ log, wait, debug, genkeys, privatekey }: UsedTogether): void {
  if ((log || debug) && !wait) {
    const other = log ? '--log' : '--debug'
    throw usageError(`${other} and --no-wait do not go together.`, 'leave one of them out.')
  }
  if (debug && !genkeys && privatekey === undefined) {
    throw usageError(
      '--debug needs the private debug key.',
      'name it with --privatekey, or have a pair made with --genkeys.',
    )
  }
}

async function inWords(outcome: { app: App; device: Device | undefined }, device: string) {
  const { app, device: updated } = outcome
  if (updated === undefined) return `Device ${device} has the target ${app.sid}.`
  const { wire } = await import('../resources.ts')
  return `Device ${device} runs app ${app.sid}; over the air: ${wire(updated) ?? 'nothing'}.`
}

function interrupted(device: string): Failure {
  return new Failure({
    code: 'INTERRUPTED',
    message: `nobody waits for device ${device} any more; its target stands.`,
    fix: 'follow the update with `microvisor logs stream`.',
  })
}
