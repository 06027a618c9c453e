import { secretCommands } from '../../value-commands.ts'

export const SecretsShow = secretCommands.Show
