/**
 * Attestations: a Device answers a nonce with a token, signed by its own key, that says what it is and
 * what it runs. An addition to the original API. docs/reference/attestation.md has the token.
 */
import { NONCE_BYTES_MAX, NONCE_BYTES_MIN } from '@microvisor/protocol'
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AppSid, DateTime, DeviceSid, SidOrName } from './values.ts'

const Hex = z.string().regex(/^[0-9a-f]*$/)

const Nonce = z
  .string()
  .regex(new RegExp(`^([0-9a-fA-F]{2}){${NONCE_BYTES_MIN},${NONCE_BYTES_MAX}}$`), {
    error: `must be ${NONCE_BYTES_MIN} to ${NONCE_BYTES_MAX} bytes in hexadecimal`,
  })
  .meta({ description: `${NONCE_BYTES_MIN} to ${NONCE_BYTES_MAX} bytes in hexadecimal` })

const Finding = z.object({
  subject: z.enum(['boot', 'kernel', 'application']),
  verdict: z
    .enum(['expected', 'unexpected', 'unknown'])
    .meta({ description: 'unknown: this service has nothing to compare it with' }),
  detail: z.string().meta({ description: 'for people' }),
})

const Layer = z.object({ place: z.string(), start: z.int(), size: z.int(), hash: Hex })

export const Attestation = z
  .object({
    device_sid: DeviceSid,
    nonce: Hex,
    date_created: DateTime,
    trusted: z.boolean().meta({ description: 'every finding is as expected' }),
    findings: z.array(Finding),
    device_type: z.string(),
    uptime_seconds: z.int(),
    debug_status: z.int().meta({ description: 'dbgstat of RFC 9711, of the debug port' }),
    boot: z.object({
      measurement: Hex,
      device_ratchet: z.int(),
      hidden: z.boolean(),
      readout_protection: z.int().meta({ description: 'the option byte RDP' }),
    }),
    kernel: z.object({
      version_string: z.string(),
      version_number: z.int(),
      manifest_hash: Hex,
      security_ratchet: z.int(),
      state: z.string().meta({ description: 'confirmed, trial or fell-back' }),
      regions: z.array(z.object({ region: z.string(), hash: Hex })),
    }),
    application: z
      .object({
        manifest_hash: Hex,
        app_sid: AppSid.nullable(),
        signer_id: Hex,
        state: z.string().meta({ description: 'running or stopped' }),
        debugger: z.string().meta({ description: 'none, possible or attached' }),
        intact: z.boolean(),
        layers: z.array(Layer),
      })
      .nullable(),
    token: z.string().meta({
      description: "base64url: the token, with the Device's certificate in its unprotected header",
    }),
  })
  .meta({ id: 'Attestation' })
export type Attestation = z.output<typeof Attestation>

const OneDevice = z.strictObject({ DeviceSid: SidOrName })

export const createAttestation = route({
  name: 'createAttestation',
  method: 'POST',
  path: '/v1/Devices/:DeviceSid/Attestations',
  summary: 'Let a connected Device prove what it is and runs',
  status: 201,
  params: OneDevice,
  form: z.strictObject({
    Nonce: Nonce.optional().meta({ description: 'what to answer; random unless given' }),
  }),
  returns: Attestation,
  errors: [
    'DEVICE_NOT_FOUND',
    'DEVICE_NOT_CONNECTED',
    'ATTESTATION_OVERDUE',
    'ATTESTATION_INVALID',
  ],
})

export const listAttestations = route({
  name: 'listAttestations',
  method: 'GET',
  path: '/v1/Devices/:DeviceSid/Attestations',
  summary: "A Device's attestations, newest first; only so many are kept",
  params: OneDevice,
  query: PageQuery,
  returns: pageOf('attestations', Attestation),
  errors: ['DEVICE_NOT_FOUND', 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})
