/** Kernels over HTTP. */
import * as api from '@microvisor/api'
import { formatDate } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { KernelRow, Kernels } from './kernels.ts'

export function addKernelRoutes(rest: Rest, kernels: Kernels): void {
  rest.handle(api.listKernels, async ({ query, caller, home }) =>
    showPage('kernels', `${home}/v1/Kernels`, await kernels.list(caller.accountSid, query), (row) =>
      showKernel(row, home),
    ),
  )
  rest.handle(api.createKernel, async ({ file, caller, home }) =>
    showKernel(await kernels.create(caller.accountSid, file), home),
  )
  rest.handle(api.fetchKernel, async ({ params, caller, home }) =>
    showKernel(await kernels.fetch(caller.accountSid, params.Hash), home),
  )
  rest.handle(api.fetchKernelBundle, ({ params, caller }) =>
    kernels.bundle(caller.accountSid, params.Hash),
  )
}

function showKernel(kernel: KernelRow, home: string): api.Kernel {
  const hash = `sha256:${kernel.manifestHash}`
  const url = `${home}/v1/Kernels/${hash}`
  return {
    hash,
    account_sid: kernel.accountSid,
    version_number: kernel.versionNumber,
    version_string: kernel.versionString,
    version_security_ratchet: kernel.versionSecurityRatchet,
    date_created: formatDate(kernel.createdAt),
    url,
    links: { bundle: `${url}/Bundle` },
  }
}
