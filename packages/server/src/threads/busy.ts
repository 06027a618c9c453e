import { Problem } from '@microvisor/api'
import { ThreadFailure } from './thread.ts'

/** Says that the server is busy if a job found no place or took too long; throws all else as it is. */
export function toldBusy(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ThreadFailure) || !['full', 'late'].includes(error.reason)) throw error
    throw new Problem('SERVER_BUSY', `The server has too many ${what} to open: ${error.message}`)
  }
}
