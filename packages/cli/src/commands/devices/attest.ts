import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DevicesAttest extends MicrovisorCommand {
  static override summary = 'Let a device prove what it is and what it runs'
  static override description =
    'The device signs a nonce with measurements of its boot chain, its kernel and every layer of its application. The server verifies it and says what it expected; with --out, anybody can verify it again: `attestation verify`.'
  static override args = {
    device: string({ description: 'SID or unique name; the only device unless given' }),
  }
  static override flags = {
    nonce: text({
      helpValue: 'HEX',
      description: 'what to answer, 8 to 64 bytes; random unless given',
    }),
    out: text({ helpValue: 'FILE', description: 'write the token there (CBOR, RFC 9711)' }),
  }
  static override examples = [
    '<%= config.bin %> devices attest greenhouse',
    '<%= config.bin %> devices attest greenhouse --nonce $(openssl rand -hex 32) --out token.cwt',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevicesAttest)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const { describeAttestation, readNonce } = await import('../../attestations.ts')
    readNonce(flags.nonce)
    const cloud = await this.connect(flags)
    const { sid } = await chooseDevice(cloud, args.device)
    const attestation = await cloud.client.call(cloud.api.createAttestation, {
      params: { DeviceSid: sid },
      form: { Nonce: flags.nonce },
    })
    if (flags.out !== undefined) {
      const { writeFileSync } = await import('node:fs')
      writeFileSync(flags.out, Buffer.from(attestation.token, 'base64url'))
    }
    this.result(attestation, describeAttestation(attestation))
  }
}
