import { secretCommands } from '../../value-commands.ts'

export const SecretsRemove = secretCommands.Remove
