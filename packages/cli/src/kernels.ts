/** Kernels of devices: naming one to run, and showing which one runs. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { DeviceKernel } from '@microvisor/api'
import type { Cloud } from './cloud.ts'
import { usageError } from './errors.ts'
import { facts } from './output.ts'

/** The hash that the API knows the kernel by; a file is uploaded, which changes nothing the second time. */
export async function kernelHash({ api, client }: Cloud, given: string): Promise<string> {
  if (given === '' || given.startsWith('sha256:')) return given
  const bytes = await readFile(given).catch((error: NodeJS.ErrnoException) => {
    throw usageError(
      `${given} cannot be read: ${error.code ?? error.message}.`,
      'give a kernel bundle, or the hash of an uploaded kernel (sha256:…).',
    )
  })
  const { hash } = await client.upload(api.createKernel, {
    file: { bytes, fileName: basename(given) },
  })
  return hash
}

export function kernelFacts(kernel: DeviceKernel): string {
  const { reported_version: version, reported_version_string: text } = kernel
  return facts([
    ['device', kernel.device_sid],
    ['runs kernel', version === null ? null : `${text} (${version})`],
    ['target kernel', kernel.target_hash],
  ])
}
