import { configCommands } from '../../value-commands.ts'

export const ConfigsRemove = configCommands.Remove
