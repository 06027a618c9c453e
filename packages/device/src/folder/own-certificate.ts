/** The device's certificate in its folder: replaced by one that its key fits, in one step. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readDeviceFile, writeDeviceFile } from './device-folder.ts'

/** False for one that is not for the device's key or not of its authority; nothing changes then. */
export function keepCertificate(folder: string, der: Uint8Array): boolean {
  try {
    const certificate = new X509Certificate(der)
    const authority = new X509Certificate(readDeviceFile(folder, 'ca'))
    const key = createPrivateKey(readDeviceFile(folder, 'key'))
    const isOwn = certificate.checkPrivateKey(key) && certificate.verify(authority.publicKey)
    if (isOwn) writeDeviceFile(folder, 'certificate', certificate.toString())
    return isOwn
  } catch {
    return false
  }
}
