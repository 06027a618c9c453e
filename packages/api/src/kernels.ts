/**
 * Kernels: the secure side's own image, for new devices. An addition to the original API.
 */
import { BUNDLE_BYTES_MAX } from '@microvisor/protocol'
import { z } from 'zod'
import { uploadErrors } from './errors.ts'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AccountSid, Bytes, DateTime, Hash, Url } from './values.ts'

export const Kernel = z
  .object({
    hash: Hash.meta({ description: 'of the signed manifest' }),
    account_sid: AccountSid,
    version_number: z.int(),
    version_string: z.string(),
    version_security_ratchet: z.int(),
    date_created: DateTime,
    url: Url,
    links: z.object({ bundle: Url }),
  })
  .meta({ id: 'Kernel' })
export type Kernel = z.output<typeof Kernel>

export const listKernels = route({
  name: 'listKernels',
  method: 'GET',
  path: '/v1/Kernels',
  summary: 'Kernels, newest first',
  query: PageQuery,
  returns: pageOf('kernels', Kernel),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const createKernel = route({
  name: 'createKernel',
  method: 'POST',
  path: '/v1/Kernels',
  summary: 'Upload an unsigned kernel bundle to be signed; the same one again changes nothing',
  status: 201,
  file: { maxBytes: BUNDLE_BYTES_MAX, what: 'the kernel bundle, a zip file' },
  returns: Kernel,
  errors: uploadErrors,
})

export const fetchKernel = route({
  name: 'fetchKernel',
  method: 'GET',
  path: '/v1/Kernels/:Hash',
  summary: 'One kernel',
  params: z.strictObject({ Hash }),
  returns: Kernel,
  errors: ['KERNEL_NOT_FOUND'],
})

export const fetchKernelBundle = route({
  name: 'fetchKernelBundle',
  method: 'GET',
  path: '/v1/Kernels/:Hash/Bundle',
  summary: "A kernel's signed bundle, as a zip file",
  answer: 'bytes',
  params: z.strictObject({ Hash }),
  returns: Bytes,
  errors: ['KERNEL_NOT_FOUND'],
})
