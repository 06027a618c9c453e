/** Every command by its words. Loading one loads no more than its flags; `run` loads the rest. */
import { AppsBundle } from './commands/apps/bundle.ts'
import { AppsCreate } from './commands/apps/create.ts'
import { AppsInspect } from './commands/apps/inspect.ts'
import { AppsList } from './commands/apps/list.ts'
import { AppsRemove } from './commands/apps/remove.ts'
import { AppsShow } from './commands/apps/show.ts'
import { DebugGenerateKeypair } from './commands/debug/generate-keypair.ts'
import { Debug } from './commands/debug.ts'
import { Deploy } from './commands/deploy.ts'
import { DeviceBoard } from './commands/device/board.ts'
import { DeviceList } from './commands/device/list.ts'
import { DeviceNetwork } from './commands/device/network.ts'
import { DeviceReport } from './commands/device/report.ts'
import { DeviceRun } from './commands/device/run.ts'
import { DevicesList } from './commands/devices/list.ts'
import { DevicesShow } from './commands/devices/show.ts'
import { DevicesUpdate } from './commands/devices/update.ts'
import { KeysCreate } from './commands/keys/create.ts'
import { KeysShow } from './commands/keys/show.ts'
import { LogsStream } from './commands/logs/stream.ts'
import { Test } from './commands/test.ts'
import { Up } from './commands/up.ts'

export const commands = {
  'apps:bundle': AppsBundle,
  'apps:create': AppsCreate,
  'apps:inspect': AppsInspect,
  'apps:list': AppsList,
  'apps:remove': AppsRemove,
  'apps:show': AppsShow,
  debug: Debug,
  'debug:generate-keypair': DebugGenerateKeypair,
  deploy: Deploy,
  'device:board': DeviceBoard,
  'device:list': DeviceList,
  'device:network': DeviceNetwork,
  'device:report': DeviceReport,
  'device:run': DeviceRun,
  'devices:list': DevicesList,
  'devices:show': DevicesShow,
  'devices:update': DevicesUpdate,
  'keys:create': KeysCreate,
  'keys:show': KeysShow,
  'logs:stream': LogsStream,
  test: Test,
  up: Up,
}
