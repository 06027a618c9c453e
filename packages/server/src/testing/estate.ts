/**
 * An account with something of each kind in it, so that every route of the contract can be called there
 * as it is meant: what sweeps over the contract begin with.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as api from '@microvisor/api'
import { readElfImage } from '@microvisor/protocol'
import { Secret, TOTP } from 'otpauth'
import { appBundle, kernelBundle } from './bundles.ts'
import type { TestCloud } from './cloud.ts'
import { makeRequest, type NewDevice, provision } from './device.ts'

const elf = new Uint8Array(
  readFileSync(new URL('../../../../samples/prebuilt/crash.elf', import.meta.url)),
)
export const PASSWORD = 'correct horse battery'

type Fields = Record<string, string>

export interface Estate {
  readonly device: NewDevice
  /** Values of the paths' parameters, by the parameter's name or its collection's. */
  readonly values: Fields
  /** The path of a route, to what is in this account. */
  pathOf(route: api.Route): string
  /** Fields that the route takes, new in each call. */
  fieldsOf(route: api.Route): Promise<Fields>
  /** The bytes that it takes. */
  fileOf(route: api.Route): Uint8Array
}

export async function makeEstate({ client }: TestCloud): Promise<Estate> {
  const device = await provision(client, 'theirs')
  const bytes = appBundle(readElfImage(elf))
  const app = await client.upload(api.createApp, { file: { fileName: 'a.zip', bytes } })
  const values = {
    ...{ Apps: app.sid, AppSid: app.sid, Devices: device.sid, DeviceSid: device.sid },
    ...(await makeValues(client, app, device)),
    ...(await makeUser(client)),
  }
  return {
    device,
    values,
    pathOf: ({ path }) => {
      const [, , collection = ''] = path.split('/')
      return path.replace(/:([A-Za-z]+)/g, (_, name: keyof typeof values) =>
        encodeURIComponent(
          values[name] ?? values[collection as keyof typeof values] ?? 'APP_IN_USE',
        ),
      )
    },
    fieldsOf: async ({ name }) => (await forms[name]?.({ client, values })) ?? {},
    fileOf: ({ name }) => files[name]?.() ?? new Uint8Array(0),
  }
}

async function makeValues(client: api.Client, app: api.App, device: NewDevice) {
  const Key = 'key'
  for (const family of [api.accountConfigs, api.accountSecrets])
    await client.call(family.create, { form: { Key, Value: 'value' } })
  const params = { DeviceSid: device.sid }
  for (const family of [api.deviceConfigs, api.deviceSecrets])
    await client.call(family.create, { params, form: { Key, Value: 'value' } })
  const file = { fileName: 'a.elf', bytes: elf }
  await client.upload(api.createAppSymbols, { params: { Sid: app.sid }, file })
  const key = await client.call(api.createApiKey, { form: { FriendlyName: 'k', Scopes: ['read'] } })
  const hook = await client.call(api.createWebhook, {
    form: { TargetUrl: 'https://hook.invalid/', Events: ['*'], FriendlyName: '' },
  })
  const ping = await client.call(api.pingWebhook, { params: { Sid: hook.sid } })
  const form = { App: app.sid, Tag: 'none' } as never
  const rollout = await client.call(api.createRollout, { form })
  const signer = await client.call(api.createSigner, { form: signerForm() })
  const layerKey = await client.call(api.createLayerKey, { form: layerKeyForm() })
  const kernel = await client.upload(api.createKernel, {
    file: { fileName: 'k.zip', bytes: kernelBundle(1) },
  })
  const { certificates } = await client.call(api.listDeviceCertificates, { params })
  return {
    ...{ Key, Keys: key.sid, Webhooks: hook.sid, DeliverySid: ping.sid, Rollouts: rollout.sid },
    ...{ Signers: signer.key_id, LayerKeys: layerKey.key_id, Hash: kernel.hash },
    Fingerprint: certificates[0]?.fingerprint ?? '',
  }
}

let made = 0
const unique = (what: string) => `${what}-${++made}`

async function makeUser(client: api.Client) {
  const { token: Invitation } = await client.call(api.createInvitation, { form: { Role: 'owner' } })
  const who = { Name: unique('user'), Password: PASSWORD }
  const user = await client.call(api.createUser, { form: { ...who, Invitation } })
  const session = await client.call(api.createSession, { form: who })
  return { Users: user.sid, Sessions: session.sid, name: user.name, token: session.token }
}

function signerForm() {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const PublicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { PublicKey, FriendlyName: 's' }
}

const layerKeyForm = () => ({ Key: randomBytes(32).toString('hex'), FriendlyName: 'l' })

const newValue = () => ({ Key: unique('key'), Value: 'a value' })
const otherValue = () => ({ Value: 'another value' })

interface Around {
  readonly client: api.Client
  readonly values: Readonly<Fields>
}

/** By operation id; what is not here takes nothing. */
const forms: Record<string, (around: Around) => Fields | Promise<Fields>> = {
  createApp: () => ({ UniqueName: unique('app') }),
  createDevice: async () => ({ Csr: (await makeRequest()).csr, UniqueName: unique('device') }),
  updateDevice: ({ values }) => ({
    ...{ UniqueName: unique('device'), TargetApp: values.Apps!, LoggingEnabled: 'true' },
    ...{ RestartApp: 'true', Tags: 'lab', Attributes: '{"floor":"2"}' },
  }),
  createDeviceCertificate: async () => ({ Csr: (await makeRequest()).csr }),
  createRollout: ({ values }) => ({ App: values.Apps!, Tag: 'none', FriendlyName: 'r' }),
  updateRollout: () => ({ Action: 'stop' }),
  createWebhook: () => ({ TargetUrl: 'https://hook.invalid/', Events: '*', FriendlyName: 'h' }),
  updateWebhook: () => ({ TargetUrl: 'https://other.invalid/', Events: '*', Enabled: 'false' }),
  rotateWebhookSecret: () => ({ OverlapHours: '1' }),
  createAccountConfig: newValue,
  createAccountSecret: newValue,
  createDeviceConfig: newValue,
  createDeviceSecret: newValue,
  updateAccountConfig: otherValue,
  updateAccountSecret: otherValue,
  updateDeviceConfig: otherValue,
  updateDeviceSecret: otherValue,
  deployKernel: ({ values }) => ({ Hash: values.Hash! }),
  createAttestation: () => ({ Nonce: randomBytes(16).toString('hex') }),
  createSigner: signerForm,
  createLayerKey: layerKeyForm,
  createApiKey: () => ({ FriendlyName: 'k', Scopes: 'read', ExpiresInDays: '1' }),
  updateApiKey: () => ({ FriendlyName: 'other', Scopes: 'deploy' }),
  createInvitation: () => ({ Role: 'viewer' }),
  createUser: async ({ client }) => {
    const { token } = await client.call(api.createInvitation, { form: { Role: 'viewer' } })
    return { Invitation: token, Name: unique('user'), Password: PASSWORD }
  },
  updateUser: () => ({ Role: 'owner' }),
  createSession: ({ values }) => ({ Name: values.name!, Password: PASSWORD }),
  changePassword: () => ({ Password: PASSWORD, NewPassword: `${PASSWORD} staple` }),
  enableTotp: () => {
    const secret = new Secret({ size: 20 })
    return { Secret: secret.base32, Code: new TOTP({ secret }).generate() }
  },
  disableTotp: () => ({ Password: PASSWORD }),
}

const files: Record<string, () => Uint8Array> = {
  createApp: () => appBundle(),
  createAppSymbols: () => elf,
  createKernel: () => kernelBundle(100 + ++made),
}
