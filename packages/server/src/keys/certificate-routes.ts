/** Certificates of devices over HTTP. */
import * as api from '@microvisor/api'
import type { Devices } from '../devices/devices.ts'
import { formatDate, formatDateOrNull } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { Authority } from './certificates.ts'
import type { CertificateRow, DeviceCertificates } from './device-certificates.ts'

interface Parts {
  readonly devices: Pick<Devices, 'sidOf'>
  readonly certificates: DeviceCertificates
  readonly authority: Authority
}

export function addCertificateRoutes(rest: Rest, parts: Parts): void {
  const { devices, certificates, authority } = parts
  rest.handle(api.listDeviceCertificates, async ({ params, query, caller, home }) => {
    const sid = await devices.sidOf(caller.accountSid, params.DeviceSid)
    const page = await certificates.list(sid, query)
    return showPage('certificates', `${home}/v1/Devices/${sid}/Certificates`, page, (row) =>
      showCertificate(row, home),
    )
  })
  rest.handle(api.createDeviceCertificate, async ({ params, form, caller, home }) => {
    const { accountSid } = caller
    const sid = await devices.sidOf(accountSid, params.DeviceSid)
    const made = await certificates.issue({ sid, accountSid }, form.Csr)
    const row = await certificates.fetch(sid, made.fingerprint)
    return {
      ...showCertificate(row, home),
      certificate: made.pem,
      ca_certificate: authority.certificate,
    }
  })
  rest.handle(api.fetchDeviceCertificate, async ({ params, caller, home }) => {
    const sid = await devices.sidOf(caller.accountSid, params.DeviceSid)
    return showCertificate(await certificates.fetch(sid, params.Fingerprint), home)
  })
  rest.handle(api.revokeDeviceCertificate, async ({ params, caller: { accountSid } }) => {
    const sid = await devices.sidOf(accountSid, params.DeviceSid)
    await certificates.revoke({ sid, accountSid }, params.Fingerprint)
  })
}

function showCertificate(row: CertificateRow, home: string): api.DeviceCertificate {
  const isOver = row.expiresAt !== null && row.expiresAt.getTime() < Date.now()
  const ending = isOver ? 'expired' : 'valid'
  return {
    fingerprint: row.fingerprint,
    device_sid: row.deviceSid,
    state: row.revokedAt === null ? ending : 'revoked',
    date_issued: formatDate(row.issuedAt),
    date_expires: formatDateOrNull(row.expiresAt),
    date_revoked: formatDateOrNull(row.revokedAt),
    url: `${home}/v1/Devices/${row.deviceSid}/Certificates/${row.fingerprint}`,
  }
}
