/**
 * Builds the secure side's images from the microvisor's sources: preboot and bootrom as a script that
 * defines `rom`; the kernel as one that defines `kernel`, packed with the layer of system call veneers
 * as an unsigned kernel bundle. The same sources give the same bytes, wherever they lie.
 */
import { fileURLToPath } from 'node:url'
import { makeVeneers } from '@microvisor/microvisor'
import {
  encodeKernelBody,
  encodeManifest,
  type KernelMeta,
  packBundle,
  toHex,
  unsigned,
} from '@microvisor/protocol'
import facts from '../package.json' with { type: 'json' }
import { hostDigest } from './hardware/engines.ts'
import { BOOT_GLOBAL, KERNEL_GLOBAL } from './kernel-loader.ts'

/** The unsigned bundle of the kernel that belongs to this version of the platform. */
export async function buildKernelBundle(): Promise<Uint8Array> {
  return packKernel(await bundleKernel(entry('kernel/main.ts')), kernelMeta(facts.version))
}

let bootImage: Promise<Uint8Array> | undefined

/** Preboot and bootrom; made once in a process. */
export function buildBootImage(): Promise<Uint8Array> {
  bootImage ??= bundleScript(entry('boot/main.ts'), BOOT_GLOBAL)
  return bootImage
}

/** An unsigned kernel bundle of this script and the veneers. */
export function packKernel(kernel: Uint8Array, meta: KernelMeta): Uint8Array {
  const contents = { Kernel: kernel, NSC: makeVeneers() } as const
  const described = (['Kernel', 'NSC'] as const).map((region) => {
    const content = contents[region]
    return { region, content, fetchHash: hostDigest([content]), encryptedWithKeyId: 0n }
  })
  const manifest = encodeManifest(unsigned(encodeKernelBody(described, meta)))
  const layers = described.map(({ fetchHash, content }) => [toHex(fetchHash), content] as const)
  return packBundle(manifest, new Map(layers))
}

/** One script of a module and all that it imports. */
export function bundleKernel(path: string): Promise<Uint8Array> {
  return bundleScript(path, KERNEL_GLOBAL)
}

async function bundleScript(path: string, globalName: string): Promise<Uint8Array> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [path],
    ...{ bundle: true, minify: true, write: false, charset: 'utf8', legalComments: 'none' },
    ...{ format: 'iife', globalName, platform: 'neutral', target: 'es2024' },
    ...{ mainFields: ['module', 'main'], logLevel: 'silent' },
  })
  return outputFiles[0]!.contents
}

/** 1.2.3 is number 1,002,003: an application's minimum kernel version is compared with it. */
function kernelMeta(version: string): KernelMeta {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return {
    securityRatchet: 0,
    deviceType: 'Imp201c',
    versionText: version,
    versionNumber: major * 1_000_000 + minor * 1000 + patch,
  }
}

function entry(path: string): string {
  return fileURLToPath(new URL(path, import.meta.resolve('@microvisor/microvisor')))
}
