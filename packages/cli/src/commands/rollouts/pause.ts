import { rolloutCommand } from '../../rollout-commands.ts'

export const RolloutsPause = rolloutCommand(
  'pause',
  'Give an app to no more devices for now; those that have it are watched',
)
