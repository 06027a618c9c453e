import { secretCommands } from '../../value-commands.ts'

export const SecretsList = secretCommands.List
