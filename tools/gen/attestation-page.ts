/** docs/reference/attestation.md: the claims of an attestation, and how to verify one. */
import {
  ATTESTATION_PROFILE,
  applicationClaims,
  attestationErrors,
  bootClaims,
  type ClaimFacts,
  kernelClaims,
  NONCE_BYTES_MAX,
  NONCE_BYTES_MIN,
  OEM_ID,
  TOKEN_BYTES_MAX,
  toHex,
  tokenClaims,
} from '@microvisor/protocol'
import { code, table } from './markdown.ts'

export function makeAttestationPage(): string {
  return `# Attestation

<!-- Generated from packages/protocol/src/attestation/ by \`npm run gen\`: change it there. -->

A device that is asked answers a nonce of ${NONCE_BYTES_MIN} to ${NONCE_BYTES_MAX} bytes with an Entity Attestation Token (RFC 9711): a CBOR
Web Token (RFC 8392) in a \`COSE_Sign1\` (RFC 9052) with ES256, signed by the device's own key, which its
certificate names and which cannot be read. All of it is CBOR in deterministic form (RFC 8949, section
4.2.1); any other form is refused. At most ${TOKEN_BYTES_MAX} bytes.

\`\`\`
61(18([ << {1: -7, 4: key id} >>, {33: certificate}, << claims >>, signature ]))
\`\`\`

The key id is the first 8 bytes of SHA-256 over 00 02 and the public key (X9.62 uncompressed). The certificate
(DER, x5chain of RFC 9360) is added by the service, in the header that is not signed; it goes back to the
device CA.

## Claims

${claims(tokenClaims)}
\`ueid\` names the device, \`${ATTESTATION_PROFILE}\` these tables; the manufacturer is \`${toHex(OEM_ID)}\`.

### \`boot\`

${claims(bootClaims)}
### \`kernel\`

${claims(kernelClaims)}
### \`application\`

Left out where none is installed.

${claims(applicationClaims)}
## Verifying

| with | how |
|---|---|
| the service | \`microvisor devices attest DEVICE\`, or POST /v1/Devices/{sid}/Attestations: verified, and held against what the account has |
| this command line, without a service | \`microvisor attestation verify token.cwt --ca ca.crt --nonce HEX\` |
| any implementation of COSE | take the tag 61 away (two bytes, d8 3d), verify the \`COSE_Sign1\` with the key of the certificate |
| openssl | \`openssl verify -CAfile ca.crt device.crt\`; then \`openssl dgst -sha256 -verify\` over the \`Sig_structure\` (RFC 9052, section 4.4), the signature as DER |

A token is worth something only to whoever chose the nonce. A measurement says what lies in flash; whether that
is what should lie there is for the verifier to know: \`fetch_hash\` and \`measurement_hash\` of a manifest
(\`microvisor apps inspect\`).

## What a verifier refuses

${table(
  ['error', 'what to do'],
  Object.entries(attestationErrors).map(([name, fix]) => [code(name), fix]),
)}`
}

function claims(facts: Readonly<Record<string, ClaimFacts>>): string {
  return table(
    ['label', 'type', 'from', 'meaning'],
    Object.values(facts).map(({ label, type, from, doc }) => [`${label}`, type, from, doc]),
  )
}
