export { defaultLimits, type Limits } from './limits.ts'
export { type RunningServer, type ServerOptions, startServer } from './server.ts'
export { UsageError } from './usage-error.ts'
