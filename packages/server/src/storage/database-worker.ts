/** Makes a database folder, in a thread of its own, for database-folder.ts. */
import { workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

const client = await PGlite.create(workerData as string)
await client.close()
