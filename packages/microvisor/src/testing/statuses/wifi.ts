/** Statuses of the calls about Wi-Fi. */
import { Status, WifiConfigMode } from '@microvisor/protocol'
import type { Bench } from '../bench.ts'
import { FLASH, type TestFlash } from '../test-hardware.ts'
import { inHandler, type Row, SECURE_RAM } from './arrange.ts'

interface Config {
  readonly version?: number
  readonly mode?: number
  readonly ssid?: string
  readonly ssidAt?: number
  readonly password?: string
  readonly passwordAt?: number
}

/** Arguments of mvSetWifiConfig. */
export function wifiConfig(bench: Bench, config: Config = {}): number[] {
  const { version = 1, mode = WifiConfigMode.APPLYNOW, ssid = 'home', password = 'secret' } = config
  const text = (value: string, at: number | undefined) => ({
    data: at ?? bench.text(value),
    length: value.length,
  })
  const params = {
    ...{ version, config_mode: mode },
    wifi_ssid: text(ssid, config.ssidAt),
    wifi_password: text(password, config.passwordAt),
  }
  return [bench.struct('MvWifiConfig', params)]
}

interface Out {
  readonly version?: number
  readonly size?: number
  readonly data?: number
  readonly length?: number
  readonly encryption?: number
}

/** Arguments of mvGetWifiConfig. */
export function wifiConfigOut(bench: Bench, out: Out = {}): number[] {
  const size = out.size ?? 32
  const params = {
    version: out.version ?? 1,
    ssid: { data: out.data ?? bench.place(32), size, length: out.length ?? bench.place(4) },
    has_encryption: out.encryption ?? bench.place(1),
  }
  return [bench.struct('MvWifiConfigOut', params)]
}

function configured(bench: Bench): Bench {
  const status = bench.call('mvSetWifiConfig', ...wifiConfig(bench))
  if (status !== Status.OKAY) throw new Error(`mvSetWifiConfig answered ${status}`)
  return bench
}

/** Its flash refuses. */
function worn(bench: Bench): Bench {
  const flash = bench.chips.internalFlash as TestFlash
  flash.refusal = 'WRPERR'
  return bench
}

export const wifiRows: readonly Row[] = [
  ['mvSetWifiConfig', 'OKAY', (b) => wifiConfig(b)],
  ['mvSetWifiConfig', 'OKAY', (b) => wifiConfig(b, { password: '' })],
  ['mvSetWifiConfig', 'OKAY', (b) => wifiConfig(b, { ssid: 'x'.repeat(32) })],
  ['mvSetWifiConfig', 'OKAY', (b) => wifiConfig(b, { mode: WifiConfigMode.CLEARNOW, ssidAt: 0 })],
  ['mvSetWifiConfig', 'PARAMETERFAULT', (b) => wifiConfig(b, { mode: 2 })],
  ['mvSetWifiConfig', 'PARAMETERFAULT', (b) => wifiConfig(b, { ssid: '' })],
  ['mvSetWifiConfig', 'PARAMETERFAULT', (b) => wifiConfig(b, { ssidAt: SECURE_RAM - 1 })],
  ['mvSetWifiConfig', 'PARAMETERFAULT', (b) => wifiConfig(b, { passwordAt: 0xffff_ffff })],
  ['mvSetWifiConfig', 'PARAMETERFAULT', () => [SECURE_RAM]],
  ['mvSetWifiConfig', 'UNSUPPORTEDSTRUCTUREVERSION', (b) => wifiConfig(b, { version: 2 })],
  ['mvSetWifiConfig', 'INPUTTOOLONG', (b) => wifiConfig(b, { ssid: 'x'.repeat(33) })],
  ['mvSetWifiConfig', 'INPUTTOOLONG', (b) => wifiConfig(b, { password: 'x'.repeat(64) })],
  ['mvSetWifiConfig', 'UNAVAILABLE', inHandler((b) => wifiConfig(b))],
  ['mvSetWifiConfig', 'UNAVAILABLE', (b) => wifiConfig(worn(b))],

  ['mvGetWifiConfig', 'OKAY', (b) => wifiConfigOut(b)],
  ['mvGetWifiConfig', 'OKAY', (b) => wifiConfigOut(configured(b), { size: 4 })],
  ['mvGetWifiConfig', 'OKAY', (b) => wifiConfigOut(b, { size: 0, data: 0 })],
  ['mvGetWifiConfig', 'INVALIDBUFFERSIZE', (b) => wifiConfigOut(configured(b), { size: 3 })],
  ['mvGetWifiConfig', 'PARAMETERFAULT', () => [SECURE_RAM]],
  ['mvGetWifiConfig', 'PARAMETERFAULT', (b) => wifiConfigOut(b, { data: SECURE_RAM - 31 })],
  ['mvGetWifiConfig', 'PARAMETERFAULT', (b) => wifiConfigOut(b, { length: FLASH })],
  ['mvGetWifiConfig', 'PARAMETERFAULT', (b) => wifiConfigOut(b, { encryption: FLASH })],
  ['mvGetWifiConfig', 'UNSUPPORTEDSTRUCTUREVERSION', (b) => wifiConfigOut(b, { version: 0 })],
  ['mvGetWifiConfig', 'UNAVAILABLE', inHandler((b) => wifiConfigOut(b))],
]
