/** Every command by its words. Loading one loads no more than its flags; `run` loads the rest. */
import { ApiKeysCreate } from './commands/api-keys/create.ts'
import { ApiKeysList } from './commands/api-keys/list.ts'
import { ApiKeysRemove } from './commands/api-keys/remove.ts'
import { AppsBundle } from './commands/apps/bundle.ts'
import { AppsCreate } from './commands/apps/create.ts'
import { AppsInspect } from './commands/apps/inspect.ts'
import { AppsList } from './commands/apps/list.ts'
import { AppsRemove } from './commands/apps/remove.ts'
import { AppsShow } from './commands/apps/show.ts'
import { AppsSymbols } from './commands/apps/symbols.ts'
import { AttestationVerify } from './commands/attestation/verify.ts'
import { AuditExport } from './commands/audit/export.ts'
import { AuditList } from './commands/audit/list.ts'
import { AuditVerify } from './commands/audit/verify.ts'
import { Backup } from './commands/backup.ts'
import { ConfigsCreate } from './commands/configs/create.ts'
import { ConfigsList } from './commands/configs/list.ts'
import { ConfigsRemove } from './commands/configs/remove.ts'
import { ConfigsShow } from './commands/configs/show.ts'
import { ConfigsUpdate } from './commands/configs/update.ts'
import { CrashesCore } from './commands/crashes/core.ts'
import { CrashesList } from './commands/crashes/list.ts'
import { CrashesShow } from './commands/crashes/show.ts'
import { DebugEnd } from './commands/debug/end.ts'
import { DebugGenerateKeypair } from './commands/debug/generate-keypair.ts'
import { Debug } from './commands/debug.ts'
import { Deploy } from './commands/deploy.ts'
import { DeviceBoard } from './commands/device/board.ts'
import { DeviceList } from './commands/device/list.ts'
import { DeviceNetwork } from './commands/device/network.ts'
import { DeviceProvision } from './commands/device/provision.ts'
import { DeviceReport } from './commands/device/report.ts'
import { DeviceRun } from './commands/device/run.ts'
import { DevicesAttest } from './commands/devices/attest.ts'
import { DevicesCertificates } from './commands/devices/certificates.ts'
import { DevicesKernel } from './commands/devices/kernel.ts'
import { DevicesList } from './commands/devices/list.ts'
import { DevicesRemove } from './commands/devices/remove.ts'
import { DevicesShow } from './commands/devices/show.ts'
import { DevicesUpdate } from './commands/devices/update.ts'
import { EventsList } from './commands/events/list.ts'
import { EventsStream } from './commands/events/stream.ts'
import { KeysAdd } from './commands/keys/add.ts'
import { KeysCreate } from './commands/keys/create.ts'
import { KeysList } from './commands/keys/list.ts'
import { KeysRemove } from './commands/keys/remove.ts'
import { KeysRotateMaster } from './commands/keys/rotate-master.ts'
import { KeysShow } from './commands/keys/show.ts'
import { LogsList } from './commands/logs/list.ts'
import { LogsStream } from './commands/logs/stream.ts'
import { Restore } from './commands/restore.ts'
import { RolloutsApprove } from './commands/rollouts/approve.ts'
import { RolloutsCreate } from './commands/rollouts/create.ts'
import { RolloutsDevices } from './commands/rollouts/devices.ts'
import { RolloutsList } from './commands/rollouts/list.ts'
import { RolloutsPause } from './commands/rollouts/pause.ts'
import { RolloutsResume } from './commands/rollouts/resume.ts'
import { RolloutsRollBack } from './commands/rollouts/roll-back.ts'
import { RolloutsShow } from './commands/rollouts/show.ts'
import { RolloutsStop } from './commands/rollouts/stop.ts'
import { SecretsCreate } from './commands/secrets/create.ts'
import { SecretsList } from './commands/secrets/list.ts'
import { SecretsRemove } from './commands/secrets/remove.ts'
import { SecretsShow } from './commands/secrets/show.ts'
import { SecretsUpdate } from './commands/secrets/update.ts'
import { Test } from './commands/test.ts'
import { Up } from './commands/up.ts'
import { Usage } from './commands/usage.ts'
import { UsersInvite } from './commands/users/invite.ts'
import { UsersList } from './commands/users/list.ts'
import { UsersRemove } from './commands/users/remove.ts'
import { UsersSessions } from './commands/users/sessions.ts'
import { UsersUpdate } from './commands/users/update.ts'
import { WebhooksCreate } from './commands/webhooks/create.ts'
import { WebhooksDeliveries } from './commands/webhooks/deliveries.ts'
import { WebhooksList } from './commands/webhooks/list.ts'
import { WebhooksPing } from './commands/webhooks/ping.ts'
import { WebhooksRemove } from './commands/webhooks/remove.ts'
import { WebhooksRetry } from './commands/webhooks/retry.ts'
import { WebhooksRotate } from './commands/webhooks/rotate.ts'
import { WebhooksShow } from './commands/webhooks/show.ts'
import { WebhooksUpdate } from './commands/webhooks/update.ts'

export const commands = {
  'api-keys:create': ApiKeysCreate,
  'api-keys:list': ApiKeysList,
  'api-keys:remove': ApiKeysRemove,
  'apps:bundle': AppsBundle,
  'apps:create': AppsCreate,
  'apps:inspect': AppsInspect,
  'apps:list': AppsList,
  'apps:remove': AppsRemove,
  'apps:show': AppsShow,
  'apps:symbols': AppsSymbols,
  'attestation:verify': AttestationVerify,
  'audit:export': AuditExport,
  'audit:list': AuditList,
  'audit:verify': AuditVerify,
  backup: Backup,
  'configs:create': ConfigsCreate,
  'configs:list': ConfigsList,
  'configs:remove': ConfigsRemove,
  'configs:show': ConfigsShow,
  'configs:update': ConfigsUpdate,
  'crashes:core': CrashesCore,
  'crashes:list': CrashesList,
  'crashes:show': CrashesShow,
  debug: Debug,
  'debug:end': DebugEnd,
  'debug:generate-keypair': DebugGenerateKeypair,
  deploy: Deploy,
  'device:board': DeviceBoard,
  'device:list': DeviceList,
  'device:network': DeviceNetwork,
  'device:provision': DeviceProvision,
  'device:report': DeviceReport,
  'device:run': DeviceRun,
  'devices:certificates': DevicesCertificates,
  'devices:attest': DevicesAttest,
  'devices:kernel': DevicesKernel,
  'devices:list': DevicesList,
  'devices:remove': DevicesRemove,
  'devices:show': DevicesShow,
  'devices:update': DevicesUpdate,
  'events:list': EventsList,
  'events:stream': EventsStream,
  'keys:add': KeysAdd,
  'keys:create': KeysCreate,
  'keys:list': KeysList,
  'keys:remove': KeysRemove,
  'keys:rotate-master': KeysRotateMaster,
  'keys:show': KeysShow,
  'logs:list': LogsList,
  'logs:stream': LogsStream,
  restore: Restore,
  'rollouts:approve': RolloutsApprove,
  'rollouts:create': RolloutsCreate,
  'rollouts:devices': RolloutsDevices,
  'rollouts:list': RolloutsList,
  'rollouts:pause': RolloutsPause,
  'rollouts:resume': RolloutsResume,
  'rollouts:roll-back': RolloutsRollBack,
  'rollouts:show': RolloutsShow,
  'rollouts:stop': RolloutsStop,
  'secrets:create': SecretsCreate,
  'secrets:list': SecretsList,
  'secrets:remove': SecretsRemove,
  'secrets:show': SecretsShow,
  'secrets:update': SecretsUpdate,
  test: Test,
  up: Up,
  usage: Usage,
  'users:invite': UsersInvite,
  'users:list': UsersList,
  'users:remove': UsersRemove,
  'users:sessions': UsersSessions,
  'users:update': UsersUpdate,
  'webhooks:create': WebhooksCreate,
  'webhooks:deliveries': WebhooksDeliveries,
  'webhooks:list': WebhooksList,
  'webhooks:ping': WebhooksPing,
  'webhooks:remove': WebhooksRemove,
  'webhooks:retry': WebhooksRetry,
  'webhooks:rotate': WebhooksRotate,
  'webhooks:show': WebhooksShow,
  'webhooks:update': WebhooksUpdate,
}
