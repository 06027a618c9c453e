/** Servers on shared stores, in this process, each with a data folder of its own. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, createClient } from '@microvisor/api'
import type { ServerOptions } from '../options.ts'
import { type RunningServer, startServer } from '../server.ts'
import { testFolder } from './cloud.ts'
import { type ServerProcess, spawnServer } from './server-process.ts'
import type { StoreAddresses } from './stores.ts'

type ClusterOptions = Pick<ServerOptions, 'limits' | 'egress' | 'traceEndpoint'>

export interface Member {
  readonly server: RunningServer
  readonly client: Client
}

export class TestCluster {
  /** Settings that all servers have. */
  readonly shared: StoreAddresses & { readonly keysFolder: string }
  readonly #folder: string
  readonly #more: ClusterOptions
  readonly #running: RunningServer[] = []
  #folders = 0

  private constructor(stores: StoreAddresses, folder: string, more: ClusterOptions) {
    this.#folder = folder
    this.#more = more
    this.shared = { ...stores, keysFolder: join(folder, 'keys') }
  }

  static async on(stores: StoreAddresses, more: ClusterOptions = {}): Promise<TestCluster> {
    return new TestCluster(stores, await testFolder(), more)
  }

  dataFolder(): string {
    return join(this.#folder, `server-${++this.#folders}`)
  }

  /** One more server. */
  async add(): Promise<Member> {
    const server = await startServer(this.#options())
    this.#running.push(server)
    return { server, client: createClient({ url: server.url, ...server.account }) }
  }

  /** One in a process of its own, to be killed. */
  spawn(): Promise<ServerProcess> {
    const { dataFolder, ...more } = this.#options()
    return spawnServer(dataFolder, more)
  }

  async close(): Promise<void> {
    for (const server of this.#running) await server.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #options() {
    const { shared } = this
    return { ...shared, ...this.#more, dataFolder: this.dataFolder(), port: 0, gatewayPort: 0 }
  }
}
