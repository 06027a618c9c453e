import { secretCommands } from '../../value-commands.ts'

export const SecretsCreate = secretCommands.Create
