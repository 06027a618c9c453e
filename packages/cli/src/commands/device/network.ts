import { string } from '@oclif/core/args'
import { boolean, integer, option, string as text } from '@oclif/core/flags'
import { dataFolder } from '../../folders.ts'
import { interruption } from '../../interruption.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DeviceNetwork extends MicrovisorCommand {
  static override summary = 'Show or change the networks around a virtual device'
  static override description =
    'Pulls the cable, slows a network down, loses segments, puts Wi-Fi access points in range. A running device follows at once; one that is stopped finds it so when it starts. The device uses Ethernet, then Wi-Fi if its credentials are those of an access point in range, then the mobile network.'
  static override args = {
    name: string({ description: 'name of the device; the only one unless given' }),
  }
  static override flags = {
    data: text({
      helpValue: 'DIR',
      description: 'where devices are kept; ~/.local/share/microvisor unless given',
    }),
    interface: option({
      options: ['ethernet', 'wifi', 'cellular'] as const,
      default: 'ethernet' as const,
      description: 'which to change',
    })(),
    up: boolean({ allowNo: true, description: 'put the link up, or take it down' }),
    latency: integer({ helpValue: 'MS', description: 'one way' }),
    jitter: integer({ helpValue: 'MS', description: 'up to so much more' }),
    rate: integer({ helpValue: 'BYTES', description: 'a second, each way; 0: no limit' }),
    loss: integer({
      helpValue: 'PERCENT',
      description: 'of segments that are lost and sent again',
    }),
    for: integer({
      helpValue: 'SECONDS',
      description: 'take the changes back after so long; the command waits for that',
    }),
    'access-point': text({
      helpValue: 'SSID[:PASSWORD]',
      multiple: true,
      description: 'access points in range, in place of those before; empty: none',
    }),
    reset: boolean({ description: 'back to a cable and a perfect network' }),
  }
  static override examples = [
    '<%= config.bin %> device network greenhouse',
    {
      description: 'An outage of half a minute',
      command: '<%= config.bin %> device network greenhouse --no-up --for 30',
    },
    '<%= config.bin %> device network greenhouse --latency 300 --loss 2 --rate 20000',
    '<%= config.bin %> device network greenhouse --no-up --access-point home:secret',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceNetwork)
    this.settle(flags)
    const { changeLocalNetwork, formatNetwork } = await import('../../local-network.ts')
    const place = { data: dataFolder(flags.data), name: args.name }
    const change = {
      interface: flags.interface,
      isReset: flags.reset,
      conditions: {
        ...{ isUp: flags.up, latencyMs: flags.latency, jitterMs: flags.jitter },
        ...{ bytesPerSecond: flags.rate, lossPercent: flags.loss },
      },
      accessPoints: flags['access-point'],
    }
    const { before, after, restore } = changeLocalNetwork(place, change)
    this.result(after, formatNetwork(after))
    if (flags.for === undefined || before === after) return
    this.progress(`For ${flags.for} seconds...`)
    await waited(flags.for * 1000, interruption())
    restore()
    this.progress('As before.')
  }
}

function waited(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
