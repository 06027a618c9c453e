import { existsSync } from 'node:fs'
import { integer, string } from '@oclif/core/flags'
import { resolveEgress } from '../egress.ts'
import { dataFolder, serverFolder } from '../folders.ts'
import { aborted, serviceInterruption } from '../interruption.ts'
import type { LocalServer } from '../local-server.ts'
import { MicrovisorCommand } from '../microvisor-command.ts'
import { facts } from '../output.ts'
import { serviceManager } from '../service-manager.ts'
import { DEFAULT_PROFILE } from '../settings.ts'

const PORT = { min: 0, max: 65_535, helpValue: 'PORT' }

export class Up extends MicrovisorCommand {
  static override summary = 'Start the server: REST API and device gateway, until Ctrl-C'
  static override description =
    'Writes the profile (`local` unless --profile names another), so that the other commands find this server without further settings. SIGTERM stops it in an orderly way; SIGHUP, without a terminal, has it read the certificate of the API again. Settings from the environment: docs/reference/settings.md.'
  static override flags = {
    data: string({
      helpValue: 'DIR',
      description: 'where everything is kept; ~/.local/share/microvisor unless given',
    }),
    host: string({
      helpValue: 'ADDRESS',
      description: 'address to listen on; this machine only unless given',
    }),
    port: integer({ ...PORT, default: 8700, description: 'REST API; 0: any free one' }),
    'gateway-port': integer({
      ...PORT,
      default: 8701,
      description: 'device gateway; 0: any free one',
    }),
    'egress-allow': string({
      helpValue: 'HOSTS',
      description:
        'hosts that devices may reach through the cloud although they are not public, as localhost:8443, with commas between them; MICROVISOR_EGRESS_ALLOW says the same',
    }),
    'egress-ca': string({
      helpValue: 'FILE',
      description:
        'PEM file with authorities to trust besides the public ones, for HTTP and MQTT of devices; MICROVISOR_EGRESS_CA says the same',
    }),
  }
  static override examples = [
    '<%= config.bin %> up',
    '<%= config.bin %> up --data ./lab --port 9700 --gateway-port 9701',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(Up)
    this.settle(flags)
    const { faultOfNode } = await import('@microvisor/server')
    const { commandName, startLocalServer } = await import('../local-server.ts')
    let server: LocalServer | undefined
    const signal = serviceInterruption(() => void server?.reload())
    const manager = serviceManager(process.env)
    const folder = dataFolder(flags.data)
    if (!existsSync(serverFolder(folder))) this.progress(`Making a new server in ${folder}...`)
    server = await startLocalServer({
      data: folder,
      host: flags.host,
      port: flags.port,
      gatewayPort: flags['gateway-port'],
      egress: resolveEgress(flags),
      profile: flags.profile ?? DEFAULT_PROFILE,
    })
    const { connection, gateway, data, credentialsFile, profileFile, log, welcomeUrl } = server
    const fault = faultOfNode(process.version)
    const places = facts([
      ['  REST API', connection.url],
      ['  gateway', `${gateway.host}:${gateway.port} (TLS, for devices)`],
      ['  data', data],
      ['  credentials', credentialsFile],
      ['  profile', profileFile],
      ['  log', log],
      ...(welcomeUrl === undefined ? [] : [['  first user', `${welcomeUrl} (once, within a day)`]]),
      ...(fault === undefined ? [] : [['  careful', fault]]),
    ] as [string, string][])
    this.result(
      { url: connection.url, gateway, data, credentialsFile, profileFile, log, welcomeUrl },
      `The server is up.\n\n${places}\n\n${whatNext(commandName(), flags.data)}`,
    )
    manager.ready()
    await aborted(signal)
    manager.stopping()
    this.progress('Stopping...')
    await server.stop()
  }
}

function whatNext(command: string, data: string | undefined): string {
  const place = data === undefined ? '' : ` --data ${data}`
  return [
    'Next, in other terminals:',
    `  ${command} device run${place}`,
    `  ${command} devices list`,
    `  ${command} deploy samples/blink --log`,
    '',
    'Ctrl-C stops the server.',
  ].join('\n')
}
