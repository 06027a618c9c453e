import { configCommands } from '../../value-commands.ts'

export const ConfigsList = configCommands.List
