/** All routes, in the order in which documents list them. */
import * as keys from './api-keys.ts'
import * as apps from './apps.ts'
import * as attestations from './attestations.ts'
import * as audit from './audit.ts'
import * as configs from './configs.ts'
import * as certificates from './device-certificates.ts'
import * as deviceKernels from './device-kernels.ts'
import * as devices from './devices.ts'
import * as events from './events.ts'
import * as kernels from './kernels.ts'
import * as layerKeys from './layer-keys.ts'
import * as rollouts from './rollouts.ts'
import type { Route } from './route.ts'
import * as service from './service.ts'
import * as signers from './signers.ts'
import * as usage from './usage.ts'
import * as users from './users.ts'
import * as webhooks from './webhooks.ts'

export const routes: readonly Route[] = [
  apps.listApps,
  apps.createApp,
  apps.fetchApp,
  apps.deleteApp,
  apps.fetchAppManifest,
  apps.fetchAppBundle,
  apps.fetchAppSymbols,
  apps.createAppSymbols,
  apps.deleteAppSymbols,
  devices.listDevices,
  devices.createDevice,
  devices.fetchDevice,
  devices.updateDevice,
  devices.deleteDevice,
  devices.streamDeviceLogs,
  devices.listDeviceLogs,
  devices.listDeviceCrashes,
  devices.endDeviceDebug,
  certificates.listDeviceCertificates,
  certificates.createDeviceCertificate,
  certificates.fetchDeviceCertificate,
  certificates.revokeDeviceCertificate,
  rollouts.listRollouts,
  rollouts.createRollout,
  rollouts.fetchRollout,
  rollouts.updateRollout,
  rollouts.listRolloutDevices,
  events.listEvents,
  events.streamEvents,
  webhooks.listWebhooks,
  webhooks.createWebhook,
  webhooks.fetchWebhook,
  webhooks.updateWebhook,
  webhooks.deleteWebhook,
  webhooks.rotateWebhookSecret,
  webhooks.pingWebhook,
  webhooks.listDeliveries,
  webhooks.fetchDelivery,
  webhooks.retryDelivery,
  ...Object.values(configs.accountConfigs),
  ...Object.values(configs.accountSecrets),
  ...Object.values(configs.deviceConfigs),
  ...Object.values(configs.deviceSecrets),
  kernels.listKernels,
  kernels.createKernel,
  kernels.fetchKernel,
  kernels.fetchKernelBundle,
  deviceKernels.fetchDeviceKernel,
  deviceKernels.deployKernel,
  attestations.createAttestation,
  attestations.listAttestations,
  signers.listSigners,
  signers.createSigner,
  signers.fetchSigner,
  signers.deleteSigner,
  layerKeys.listLayerKeys,
  layerKeys.createLayerKey,
  layerKeys.fetchLayerKey,
  layerKeys.deleteLayerKey,
  keys.listApiKeys,
  keys.createApiKey,
  keys.fetchApiKey,
  keys.updateApiKey,
  keys.deleteApiKey,
  audit.listAudit,
  audit.verifyAudit,
  users.createInvitation,
  users.createUser,
  users.listUsers,
  users.fetchUser,
  users.updateUser,
  users.deleteUser,
  users.createSession,
  users.listSessions,
  users.fetchSession,
  users.deleteSession,
  users.fetchSelf,
  users.changePassword,
  users.proposeTotp,
  users.enableTotp,
  users.disableTotp,
  usage.fetchUsage,
  usage.exportUsage,
  service.fetchHealth,
  service.fetchReadiness,
  service.fetchStatus,
  service.fetchMetrics,
  service.fetchOpenApi,
  service.fetchHome,
  service.fetchWelcome,
  service.fetchErrorPage,
]
