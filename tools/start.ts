/** `npm start`: the story of story.ts, in a process that is started as a server's has to be. */
import { beginFrugally } from '@microvisor/server/frugal'

beginFrugally()
await import('./story.ts')
