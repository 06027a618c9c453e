/**
 * The REST API as commands use it: client and routes together, so that a command loads neither
 * until it needs them.
 */
import * as api from '@microvisor/api'
import type { Connection } from './settings.ts'

export interface Cloud {
  readonly api: typeof api
  readonly client: api.Client
  readonly connection: Connection
}

export function connectCloud(connection: Connection): Cloud {
  return { api, client: api.createClient(connection), connection }
}
