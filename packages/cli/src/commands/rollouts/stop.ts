import { rolloutCommand } from '../../rollout-commands.ts'

export const RolloutsStop = rolloutCommand(
  'stop',
  'Stop a roll-out; devices that had not begun get their target back',
)
