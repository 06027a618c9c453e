import { rolloutCommand } from '../../rollout-commands.ts'

export const RolloutsRollBack = rolloutCommand(
  'roll-back',
  'Give every device of a roll-out the target back that it had before',
)
