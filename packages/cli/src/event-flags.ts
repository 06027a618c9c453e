/** The flags of commands that choose among events of the account. */
import { eventPatterns } from '@microvisor/api'
import { string } from '@oclif/core/flags'
import { usageError } from './errors.ts'

export const deviceFilter = string({
  helpValue: 'DEVICE',
  description: 'SID or unique name: only events of this device',
})

export const typeFilter = typesFlag(
  'only these types, as update.failed,app.*, with commas between them',
)

/** What a webhook posts. */
export const typesToPost = typesFlag('types to post, as update.failed,app.*; * is all')

function typesFlag(description: string) {
  return string({ helpValue: 'TYPES', description })
}

/** Types as the API takes them; undefined for none given. */
export function typesOf(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  const types = text.split(',').map((type) => type.trim())
  const wrong = types.find((type) => !eventPatterns.includes(type))
  if (wrong === undefined) return types
  throw usageError(
    `there is no type of events \`${wrong}\`.`,
    `one of ${eventPatterns.join(', ')}.`,
  )
}
