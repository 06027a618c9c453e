/** What a cluster of two servers, `a` and `b`, is made of before any of them runs. */
import { join } from 'node:path'
import { type Stores, startStores } from '../../packages/server/src/testing/stores.ts'
import type { Ports } from './guide.ts'
import { freePort } from './world.ts'

export interface TwoServers {
  readonly stores: Stores
  /** Of the balancer. */
  readonly front: Ports
  readonly portsOf: ReadonlyMap<string, Ports>
}

export async function prepareTwoServers(): Promise<TwoServers> {
  const stores = await startStores()
  const front = await freePorts()
  const portsOf = new Map([
    ['a', await freePorts()],
    ['b', await freePorts()],
  ])
  return { stores, front, portsOf }
}

/** What every server of the cluster is told: fresh stores, and a keys folder below `folder`. */
export async function clusterSettings(stores: Stores, folder: string) {
  const { databaseUrl, busUrl, blobsUrl } = await stores.fresh()
  return {
    MICROVISOR_DATABASE_URL: databaseUrl,
    MICROVISOR_BUS_URL: busUrl,
    MICROVISOR_BLOBS_URL: blobsUrl,
    MICROVISOR_KEYS_FOLDER: join(folder, 'keys'),
    // Longer than the two checks after which HAProxy leaves a server out.
    MICROVISOR_DRAIN_SECONDS: '6',
  }
}

async function freePorts(): Promise<Ports> {
  return { api: await freePort(), gateway: await freePort() }
}
