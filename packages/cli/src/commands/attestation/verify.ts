import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class AttestationVerify extends MicrovisorCommand {
  static override summary = 'Verify an attestation without a server, and show what it says'
  static override description =
    "Takes the token of `devices attest --out`, or the JSON of the API, and the certificate of the authority that the device's own goes back to (devices/NAME/ca.crt). Says nothing about whether what runs is what should run: compare the hashes with those of your manifests (`apps inspect`)."
  static override args = { file: string({ required: true, description: 'the token' }) }
  static override flags = {
    ca: text({
      required: true,
      helpValue: 'FILE',
      description: 'certificate of the device CA, PEM',
    }),
    nonce: text({ helpValue: 'HEX', description: 'the nonce that it has to answer' }),
    device: text({ helpValue: 'SID', description: 'the device that it has to be of' }),
  }
  static override examples = [
    '<%= config.bin %> attestation verify token.cwt --ca ca.crt --nonce 0123456789abcdef',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AttestationVerify)
    this.settle(flags)
    const { describeEvidence, evidenceAsJson, readToken, verifyAttestation } = await import(
      '../../attestations.ts'
    )
    const evidence = verifyAttestation(readToken(args.file), flags)
    this.result(evidenceAsJson(evidence), describeEvidence(evidence))
  }
}
