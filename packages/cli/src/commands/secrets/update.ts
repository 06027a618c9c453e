import { secretCommands } from '../../value-commands.ts'

export const SecretsUpdate = secretCommands.Update
