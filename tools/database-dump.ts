/**
 * A dump of a database as a server of this version leaves it, with something in most tables. It goes to
 * packages/server/src/storage/fixtures under the number of the newest migration, and
 * older-databases.test.ts upgrades it for ever after. To be run when migrations are about to leave the
 * house; a dump that is there is never made anew.
 *
 *   node tools/database-dump.ts
 */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as api from '@microvisor/api'
import { fromHex, ProgramSymbols, readElfImage } from '@microvisor/protocol'
import { readMigrations } from '../packages/server/src/storage/database.ts'
import { appBundle, kernelBundle } from '../packages/server/src/testing/bundles.ts'
import { type TestCloud, testCloud, testFolder } from '../packages/server/src/testing/cloud.ts'
import { provision, TestDevice } from '../packages/server/src/testing/device.ts'
import { postgresFolder } from '../packages/server/src/testing/postgres.ts'
import { startStores } from '../packages/server/src/testing/stores.ts'
import { until } from '../packages/server/src/testing/until.ts'

const FIXTURES = 'packages/server/src/storage/fixtures'
/** Of dumps alone. */
const MASTER_KEY = readFileSync(join(FIXTURES, 'master.key'), 'utf8')

const [{ number = 0 } = {}] = (await readMigrations()).slice(-1)
const file = join(FIXTURES, `migration-${String(number).padStart(4, '0')}.sql`)
if (existsSync(file)) {
  console.error(`error: ${file} is there already, and stays as it is.`)
  process.exit(2)
}

const stores = await startStores()
try {
  const places = await stores.fresh()
  const dataFolder = await testFolder()
  mkdirSync(join(dataFolder, 'keys'))
  writeFileSync(join(dataFolder, 'keys/master.key'), MASTER_KEY, { mode: 0o600 })
  const cloud = await testCloud({ ...places, dataFolder, logLinesKept: 10 })
  await furnish(cloud)
  await cloud.close()
  writeFileSync(file, dump(places.databaseUrl))
  console.log(`wrote ${file}`)
} finally {
  await stores.stop()
}

async function furnish(cloud: TestCloud): Promise<void> {
  const { client } = cloud
  const image = new Uint8Array(readFileSync('samples/prebuilt/blink.elf'))
  const bundle = { bytes: appBundle(readElfImage(image)), fileName: 'blinker.zip' }
  const app = await client.upload(api.createApp, { form: { UniqueName: 'blinker' }, file: bundle })
  const elf = { bytes: image, fileName: 'blink.elf' }
  await client.upload(api.createAppSymbols, { params: { Sid: app.sid }, file: elf })
  const kernel = { bytes: kernelBundle(8), fileName: 'kernel.zip' }
  await client.upload(api.createKernel, { form: {}, file: kernel })
  await addKeysAndPeople(cloud)
  await provision(client)
  const device = await provision(client, 'first')
  await client.call(api.updateDevice, {
    params: { Sid: device.sid },
    form: { Tags: ['lab', 'green'], TargetApp: app.sid },
  })
  await client.call(api.accountConfigs.create, { form: { Key: 'interval', Value: '60' } })
  await client.call(api.accountSecrets.create, { form: { Key: 'password', Value: 'sesame' } })
  await client.call(api.deviceConfigs.create, {
    params: { DeviceSid: device.sid },
    form: { Key: 'interval', Value: '5' },
  })
  const hash = app.hash.slice('sha256:'.length)
  const link = await TestDevice.join(device, hash)
  const manifestHash = fromHex(hash)!
  const main = ProgramSymbols.ofElf(image).functions.find(({ name }) => name === 'main')!
  const registers = Array<number>(17).fill(main.address + 2)
  link.send({
    case: 'crashReport',
    value: { id: 7n, exception: 'HardFault', registers, manifestHash },
  })
  await link.expect('crashReceived')
  await link.close()
  await client.call(api.createRollout, {
    form: { App: app.sid, Stages: ['10%', '100%'], Approval: 'first' } as never,
  })
  await until(
    async () => (await client.call(api.listEvents)).events.length >= 3,
    'events are written',
  )
}

async function addKeysAndPeople({ client }: TestCloud): Promise<void> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  await client.call(api.createSigner, { form: { PublicKey: pem, FriendlyName: 'ci' } })
  const layer = { Key: '5a'.repeat(32), FriendlyName: 'layers' }
  await client.call(api.createLayerKey, { form: layer })
  await client.call(api.createApiKey, { form: { FriendlyName: 'ci', Scopes: ['read'] } })
  const { token } = await client.call(api.createInvitation, { form: { Role: 'owner' } })
  const user = { Invitation: token, Name: 'ada', Password: 'a long enough password' }
  await client.call(api.createUser, { form: user })
  await client.call(api.createWebhook, {
    form: { TargetUrl: 'https://hooks.example/x', Events: ['*'] } as never,
  })
}

/** Statements alone: comments and pg_dump's own commands differ from one version to the next. */
function dump(databaseUrl: string): string {
  const program = join(postgresFolder()!, 'pg_dump')
  const flags = ['--inserts', '--no-owner', '--no-privileges']
  const text = execFileSync(program, [...flags, databaseUrl], { encoding: 'utf8' })
  const isOurs = (line: string) =>
    line !== '' && !/^(--|\\|CREATE SCHEMA public|SET (transaction_timeout))/.test(line)
  return `${text.split('\n').filter(isOurs).join('\n')}\n`
}
