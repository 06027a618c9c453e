import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DevicesKernel extends MicrovisorCommand {
  static override summary = 'Show which kernel a device runs, or give it another over the air'
  static override args = {
    device: string({ description: 'SID or unique name; the only device unless given' }),
  }
  static override flags = {
    target: text({
      helpValue: 'KERNEL',
      description:
        'the kernel to run: a bundle to upload, or the hash of an uploaded one (sha256:…); empty: no target',
    }),
  }
  static override examples = [
    '<%= config.bin %> devices kernel greenhouse',
    '<%= config.bin %> devices kernel greenhouse --target kernel-0.2.0.zip',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevicesKernel)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const { kernelFacts, kernelHash } = await import('../../kernels.ts')
    const cloud = await this.connect(flags)
    const { api, client } = cloud
    const { sid } = await chooseDevice(cloud, args.device)
    const params = { DeviceSid: sid }
    const { target } = flags
    const kernel =
      target === undefined
        ? await client.call(api.fetchDeviceKernel, { params })
        : await client.call(api.deployKernel, {
            params,
            form: { Hash: await kernelHash(cloud, target) },
          })
    this.result(kernel, kernelFacts(kernel))
  }
}
