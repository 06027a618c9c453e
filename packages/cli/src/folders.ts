/**
 * Where things are on this machine, as the XDG base directory specification places them.
 *
 *   DATA/server/          what the server keeps (its own business)
 *   DATA/devices/NAME/    one virtual device
 *   DATA/gateway.json     where that server's gateway is
 *   CONFIG/profiles/      how to reach servers, one file each
 */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(base(environment.XDG_DATA_HOME, '.local/share'), 'microvisor')
}

export function configFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(base(environment.XDG_CONFIG_HOME, '.config'), 'microvisor')
}

export function dataFolder(flag: string | undefined): string {
  return flag === undefined ? defaultDataFolder() : resolve(flag)
}

export function serverFolder(data: string): string {
  return join(data, 'server')
}

export function devicesFolder(data: string): string {
  return join(data, 'devices')
}

export function deviceFolder(data: string, name: string): string {
  return join(devicesFolder(data), name)
}

/** The specification says to ignore a relative path. */
function base(setting: string | undefined, underHome: string): string {
  return setting !== undefined && isAbsolute(setting) ? setting : join(homedir(), underHome)
}
