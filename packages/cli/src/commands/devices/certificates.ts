import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { table } from '../../output.ts'

export class DevicesCertificates extends MicrovisorCommand {
  static override summary = 'List the certificates that a device has had, or revoke one'
  static override description =
    'Devices renew theirs by themselves. Revoking ends the connection that was made with it; the device comes back only if it has another.'
  static override args = {
    device: string({ description: 'SID or unique name; the only device unless given' }),
  }
  static override flags = {
    revoke: text({ helpValue: 'FINGERPRINT', description: 'the certificate to revoke' }),
  }
  static override examples = [
    '<%= config.bin %> devices certificates greenhouse',
    '<%= config.bin %> devices certificates greenhouse --revoke 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevicesCertificates)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const { certificateColumns } = await import('../../resources.ts')
    const cloud = await this.connect(flags)
    const { api, client } = cloud
    const { sid: DeviceSid } = await chooseDevice(cloud, args.device)
    if (flags.revoke !== undefined) {
      const params = { DeviceSid, Fingerprint: flags.revoke }
      await client.call(api.revokeDeviceCertificate, { params })
      this.progress(`Revoked ${flags.revoke}.`)
    }
    const params = { DeviceSid }
    const certificates = await collect(client.each(api.listDeviceCertificates, { params }))
    this.result(certificates, table(certificates, certificateColumns))
  }
}
