import { configCommands } from '../../value-commands.ts'

export const ConfigsUpdate = configCommands.Update
