/**
 * What people and keys may do, as commands take it. The words stand here, too, so that help needs no
 * API; a test holds them against the API's.
 */
import { string } from '@oclif/core/args'
import { option } from '@oclif/core/flags'

export const ROLES = ['owner', 'developer', 'viewer'] as const
export const SCOPES = ['read', 'deploy', 'debug', 'admin'] as const

export const role = string({
  required: true,
  options: [...ROLES],
  description: 'owner: everything; developer: deploy and debug; viewer: look',
})

export const scopes = option({
  options: SCOPES,
  multiple: true,
  delimiter: ',',
  required: true,
  helpValue: 'SCOPES',
  description: `what it may do: some of ${SCOPES.join(', ')}, with commas between them`,
})
