import { rolloutCommand } from '../../rollout-commands.ts'

export const RolloutsResume = rolloutCommand(
  'resume',
  'Let a roll-out that was paused or stopped go on',
)
