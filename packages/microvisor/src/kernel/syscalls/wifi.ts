/** The Wi-Fi network to use. */
import { Status, WifiConfigMode } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'

/** IEEE 802.11: an SSID has up to 32 bytes; a passphrase of WPA2 or WPA3 up to 63. */
const SSID_BYTES_MAX = 32
const PASSWORD_BYTES_MAX = 63

const modes: readonly number[] = Object.values(WifiConfigMode)

export const mvSetWifiConfig: Handler<'mvSetWifiConfig'> = ({ memory, wifi }, args) => {
  const params = memory.readStruct('MvWifiConfig', args.params)
  if (params === undefined) return Status.PARAMETERFAULT
  const { version, config_mode: mode, wifi_ssid: ssid, wifi_password: password } = params
  if (version !== 1) return Status.UNSUPPORTEDSTRUCTUREVERSION
  if (!modes.includes(mode)) return Status.PARAMETERFAULT
  if (mode === WifiConfigMode.CLEARNOW) {
    return wifi.clear() === undefined ? Status.OKAY : Status.UNAVAILABLE
  }
  if (ssid.length > SSID_BYTES_MAX || password.length > PASSWORD_BYTES_MAX) {
    return Status.INPUTTOOLONG
  }
  const ssidBytes = memory.read(ssid.data, ssid.length)
  const passwordBytes = memory.read(password.data, password.length)
  if (ssidBytes === undefined || passwordBytes === undefined) return Status.PARAMETERFAULT
  if (ssidBytes.length === 0) return Status.PARAMETERFAULT
  const error = wifi.set({ ssid: ssidBytes, password: passwordBytes })
  return error === undefined ? Status.OKAY : Status.UNAVAILABLE
}

/** Without a network: an SSID of length 0. */
export const mvGetWifiConfig: Handler<'mvGetWifiConfig'> = ({ memory, wifi }, args) => {
  const params = memory.readStruct('MvWifiConfigOut', args.params)
  if (params === undefined) return Status.PARAMETERFAULT
  const { version, ssid: buffer, has_encryption: encryption } = params
  if (version !== 1) return Status.UNSUPPORTEDSTRUCTUREVERSION
  const { ssid, password } = wifi.credentials ?? nothing
  const isWritable =
    memory.isWritable(buffer.data, buffer.size) &&
    memory.isWritable(buffer.length, 4) &&
    memory.isWritable(encryption, 1)
  if (!isWritable) return Status.PARAMETERFAULT
  if (buffer.size < ssid.length) return Status.INVALIDBUFFERSIZE
  memory.write(buffer.data, ssid)
  memory.writeWord(buffer.length, ssid.length)
  memory.write(encryption, Uint8Array.of(password.length > 0 ? 1 : 0))
  return Status.OKAY
}

const nothing = { ssid: new Uint8Array(0), password: new Uint8Array(0) }
