import { configCommands } from '../../value-commands.ts'

export const ConfigsShow = configCommands.Show
