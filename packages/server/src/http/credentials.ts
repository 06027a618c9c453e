/** HTTP Basic (RFC 7617): what a request says about who sent it. */
import { Problem } from '@microvisor/api'

const LONGEST = 1024

export function basicCredentials(header: string | undefined): { user: string; password: string } {
  if (header === undefined)
    throw new Problem('CREDENTIALS_MISSING', 'The request has no Authorization header.')
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header)?.[1]
  if (encoded === undefined || encoded.length > LONGEST)
    throw new Problem('CREDENTIALS_MISSING', 'The Authorization header is not of the form Basic.')
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0)
    throw new Problem('CREDENTIALS_MISSING', 'The Authorization header has no password.')
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
