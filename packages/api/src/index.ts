export * from './apps.ts'
export { type CallOptions, type Client, type ClientSettings, createClient } from './client.ts'
export { ApiError, type ClientErrorCode } from './client-errors.ts'
export {
  accountConfigs,
  accountSecrets,
  CONFIG_KEY_MAX,
  CONFIG_VALUE_MAX,
  deviceConfigs,
  deviceSecrets,
} from './configs.ts'
export * from './devices.ts'
export * from './errors.ts'
export * from './kernels.ts'
export type { Upload } from './multipart.ts'
export { openApiDocument } from './openapi.ts'
export * from './pagination.ts'
export * from './route.ts'
export { routes } from './routes.ts'
export * from './service.ts'
export * from './values.ts'
