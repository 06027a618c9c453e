import { configCommands } from '../../value-commands.ts'

export const ConfigsCreate = configCommands.Create
