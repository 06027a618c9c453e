import { rolloutCommand } from '../../rollout-commands.ts'

export const RolloutsApprove = rolloutCommand(
  'approve',
  'Let a roll-out that waits go on to its next stage',
)
