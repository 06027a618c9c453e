/**
 * Certificates of devices. They are renewed over the link before they end; a device that comes too late
 * is let in, to be renewed. All that a device ever had are listed. An addition to the original API.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { DateTime, DeviceSid, SidOrName, Url } from './values.ts'

const Fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'must be 64 hexadecimal digits' })
  .meta({ description: 'SHA-256 of the certificate' })

export const DeviceCertificate = z
  .object({
    fingerprint: Fingerprint,
    device_sid: DeviceSid,
    state: z.enum(['valid', 'expired', 'revoked']),
    date_issued: DateTime,
    date_expires: DateTime.nullable().meta({ description: 'null: it has no end' }),
    date_revoked: DateTime.nullable(),
    url: Url,
  })
  .meta({ id: 'DeviceCertificate' })
export type DeviceCertificate = z.output<typeof DeviceCertificate>

export const IssuedCertificate = DeviceCertificate.extend({
  certificate: z.string().meta({ description: 'PEM' }),
  ca_certificate: z.string().meta({ description: "what the gateway's certificate goes back to" }),
}).meta({ id: 'IssuedCertificate' })

const path = '/v1/Devices/:DeviceSid/Certificates'
const OneDevice = z.strictObject({ DeviceSid: SidOrName })
const OneCertificate = OneDevice.extend({ Fingerprint })

export const listDeviceCertificates = route({
  name: 'listDeviceCertificates',
  method: 'GET',
  path,
  summary: 'All certificates that a Device ever had, newest first',
  params: OneDevice,
  query: PageQuery,
  returns: pageOf('certificates', DeviceCertificate),
  errors: ['DEVICE_NOT_FOUND', 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const createDeviceCertificate = route({
  name: 'createDeviceCertificate',
  method: 'POST',
  path,
  scope: 'admin',
  summary: 'Issue a certificate for a Device that cannot renew its own: a new key, or one revoked',
  status: 201,
  unlogged: ['certificate', 'ca_certificate'],
  params: OneDevice,
  form: z.strictObject({
    Csr: z
      .string()
      .max(8192)
      .meta({ description: 'PKCS #10 certificate request with a P-256 key, PEM' }),
  }),
  returns: IssuedCertificate,
  errors: [
    ...(['DEVICE_NOT_FOUND', 'CSR_MALFORMED', 'CSR_KEY_UNSUPPORTED'] as const),
    ...(['CSR_SIGNATURE_WRONG', 'CERTIFICATES_TOO_MANY'] as const),
  ],
})

export const fetchDeviceCertificate = route({
  name: 'fetchDeviceCertificate',
  method: 'GET',
  path: `${path}/:Fingerprint`,
  summary: 'One certificate of a Device',
  params: OneCertificate,
  returns: DeviceCertificate,
  errors: ['DEVICE_NOT_FOUND', 'CERTIFICATE_NOT_FOUND'],
})

export const revokeDeviceCertificate = route({
  name: 'revokeDeviceCertificate',
  method: 'DELETE',
  path: `${path}/:Fingerprint`,
  scope: 'admin',
  summary: 'Revoke a certificate: a connection made with it ends; it stays listed',
  status: 204,
  answer: 'nothing',
  params: OneCertificate,
  returns: z.void(),
  errors: ['DEVICE_NOT_FOUND', 'CERTIFICATE_NOT_FOUND'],
})
