/** Attestations over HTTP. */
import * as api from '@microvisor/api'
import { openEvidence, toHex } from '@microvisor/protocol'
import type { Devices } from '../devices/devices.ts'
import { formatDate } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { AttestationRow, Attestations } from './attestations.ts'

export function addAttestationRoutes(
  rest: Rest,
  { attestations, devices }: { attestations: Attestations; devices: Devices },
): void {
  rest.handle(api.createAttestation, async ({ params, form, caller }) => {
    const device = await devices.fetch(caller.accountSid, params.DeviceSid)
    return showAttestation(await attestations.create(device, form.Nonce))
  })
  rest.handle(api.listAttestations, async ({ params, query, caller, home }) => {
    const { sid } = await devices.fetch(caller.accountSid, params.DeviceSid)
    const page = await attestations.list(sid, query)
    return showPage('attestations', `${home}/v1/Devices/${sid}/Attestations`, page, showAttestation)
  })
}

/** The token was verified when it came; what it says is read from it again. */
function showAttestation(row: AttestationRow): api.Attestation {
  const evidence = openEvidence(Buffer.from(row.token, 'base64url'))
  const { boot, kernel, application } = evidence
  return {
    device_sid: row.deviceSid,
    nonce: toHex(evidence.nonce),
    date_created: formatDate(row.createdAt),
    trusted: row.findings.every(({ verdict }) => verdict === 'expected'),
    findings: row.findings,
    device_type: evidence.deviceType,
    uptime_seconds: evidence.uptimeSeconds,
    debug_status: evidence.debugStatus,
    boot: {
      measurement: toHex(boot.measurement),
      device_ratchet: boot.deviceRatchet,
      hidden: boot.isHidden,
      readout_protection: boot.readoutProtection,
    },
    kernel: {
      version_string: kernel.versionText,
      version_number: kernel.versionNumber,
      manifest_hash: toHex(kernel.manifestHash),
      security_ratchet: kernel.securityRatchet,
      state: kernel.state,
      regions: kernel.regions.map(({ region, hash }) => ({ region, hash: toHex(hash) })),
    },
    application: application ? showApplication(application, row.appSid) : null,
    token: row.token,
  }
}

function showApplication(
  application: NonNullable<ReturnType<typeof openEvidence>['application']>,
  appSid: string | null,
) {
  return {
    manifest_hash: toHex(application.manifestHash),
    app_sid: appSid,
    signer_id: toHex(application.signerId),
    state: application.state,
    debugger: application.debugger,
    intact: application.isIntact,
    layers: application.layers.map(({ place, start, size, hash }) => ({
      ...{ place, start, size, hash: toHex(hash) },
    })),
  }
}
