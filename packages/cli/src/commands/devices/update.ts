import { string } from '@oclif/core/args'
import { boolean, string as text } from '@oclif/core/flags'
import { usageError } from '../../errors.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DevicesUpdate extends MicrovisorCommand {
  static override summary =
    'Name a device, deploy to it, switch its logging, restart its application'
  static override args = {
    device: string({ description: 'SID or unique name; the only device unless given' }),
  }
  static override flags = {
    'unique-name': text({
      helpValue: 'NAME',
      description: 'what to call it; empty takes the name away',
    }),
    'target-app': text({
      helpValue: 'APP',
      description: 'SID or unique name of the app to run; empty: no target',
    }),
    'logging-enabled': boolean({
      allowNo: true,
      description: "send the application's log lines to the cloud, for 24 hours",
    }),
    'restart-app': boolean({ description: 'restart the application' }),
    tags: text({ helpValue: 'TAGS', description: 'all its tags, with commas between them' }),
    attribute: text({
      multiple: true,
      helpValue: 'NAME=VALUE',
      description: 'an attribute to set; empty value: to take away',
    }),
  }
  static override examples = [
    '<%= config.bin %> devices update first-device --unique-name greenhouse',
    '<%= config.bin %> devices update greenhouse --target-app blink-2',
    '<%= config.bin %> devices update greenhouse --no-logging-enabled --restart-app',
    '<%= config.bin %> devices update greenhouse --tags lab,eu --attribute floor=2',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevicesUpdate)
    this.settle(flags)
    const form = {
      UniqueName: flags['unique-name'],
      TargetApp: flags['target-app'],
      LoggingEnabled: flags['logging-enabled'],
      RestartApp: flags['restart-app'],
      Tags: flags.tags?.split(','),
    }
    const attributes = flags.attribute ?? []
    if (Object.values(form).every((value) => value === undefined) && attributes.length === 0) {
      throw usageError(
        'nothing to change is given.',
        'give one of --unique-name, --target-app, --logging-enabled, --no-logging-enabled, --restart-app, --tags, --attribute.',
      )
    }
    const { chooseDevice } = await import('../../choose-device.ts')
    const { deviceFacts } = await import('../../resources.ts')
    const cloud = await this.connect(flags)
    const chosen = await chooseDevice(cloud, args.device)
    const device = await cloud.client.call(cloud.api.updateDevice, {
      params: { Sid: chosen.sid },
      form: { ...form, ...withAttributes(chosen.attributes, attributes) },
    })
    this.result(device, deviceFacts(device))
  }
}

/** Attributes as they are to be, for the form; nothing where none is given. */
function withAttributes(had: Readonly<Record<string, string>>, changes: readonly string[]) {
  if (changes.length === 0) return {}
  const next: Record<string, string> = { ...had }
  for (const change of changes) {
    const at = change.indexOf('=')
    if (at <= 0) throw usageError(`\`${change}\` is no attribute.`, 'write attributes as floor=2.')
    const [name, value] = [change.slice(0, at), change.slice(at + 1)]
    if (value === '') delete next[name]
    else next[name] = value
  }
  return { Attributes: next }
}
