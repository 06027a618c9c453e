/** What a request says about who sent it: HTTP Basic (RFC 7617), or a bearer's token (RFC 6750). */
import { Problem } from '@microvisor/api'

const LONGEST = 1024

export type Credentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }

export function credentialsOf(header: string | undefined): Credentials {
  if (header === undefined)
    throw new Problem('CREDENTIALS_MISSING', 'The request has no Authorization header.')
  const token = /^Bearer +([0-9a-f]{32})$/i.exec(header)?.[1]
  if (token !== undefined) return { token }
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header)?.[1]
  if (encoded === undefined || encoded.length > LONGEST)
    throw new Problem(
      'CREDENTIALS_MISSING',
      'The Authorization header is neither of the form Basic nor a session’s token.',
    )
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0)
    throw new Problem('CREDENTIALS_MISSING', 'The Authorization header has no password.')
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
