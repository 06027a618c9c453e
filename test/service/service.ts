/**
 * What the cloud promises beyond the original API, statement by statement, each with the tests that show
 * it: of people and machines, of devices, and of what is done to it. docs/reference/service.md is made
 * from this table; service.test.ts holds it against the tests.
 */
import type { Statements } from '../threats/named-tests.ts'

const server = 'packages/server/src'
const access = `${server}/accounts/access.test.ts`
const sweep = `${server}/accounts/audit-sweep.test.ts`
const users = `${server}/accounts/users.test.ts`
const borders = `${server}/accounts/borders.test.ts`
const masterKeys = `${server}/keys/master-keys.test.ts`
const authority = `${server}/keys/certificates.test.ts`
const certificates = `${server}/gateway/certificates.test.ts`
const gateway = `${server}/gateway/gateway.test.ts`
const admission = `${server}/gateway/admission.test.ts`
const fleet = `${server}/devices/fleet.test.ts`
const filter = `${server}/devices/device-filter.test.ts`
const symbols = `${server}/apps/app-symbols.test.ts`
const apps = `${server}/apps/apps.test.ts`
const events = `${server}/events/account-events.test.ts`
const webhooks = `${server}/webhooks/webhooks.test.ts`
const egress = `${server}/managed/egress.test.ts`
const managed = `${server}/managed/http.test.ts`
const rest = `${server}/http/rest.test.ts`
const hostile = `${server}/http/hostile-input.test.ts`
const malformed = `${server}/http/malformed.test.ts`
const slow = `${server}/slow-peers.test.ts`
const outages = `${server}/cluster-outages.test.ts`
const attestations = `${server}/attestations/attestations.test.ts`
const configs = `${server}/configs/configs.test.ts`
const layerKeys = `${server}/signers/layer-keys.test.ts`

export const service: Statements = {
  'People and machines': [
    {
      says: 'A key does on every route what its scopes allow, and nothing else.',
      tests: [
        [access, 'a key does what its scopes allow, on every route'],
        [`${server}/debug/debug-door.test.ts`, 'a key without the scope debug is refused'],
      ],
    },
    {
      says: 'A key shows its secret once, can be changed, and ends when it is deleted or its time is over.',
      tests: [[access, 'a key is shown without its secret, can be changed, and ends']],
    },
    {
      says: 'Each key, and each account, has a rate of its own; each address may be wrong only so often.',
      tests: [
        [access, 'who comes too often, or is wrong too often, waits; others do not'],
        [filter, 'answers say how much of the rate is left'],
      ],
    },
    {
      says: 'Nothing has a password by default: the first start prints a link that makes one owner, once.',
      tests: [
        [users, 'the first start’s link makes one owner; after that there is none'],
        [`${server}/server.test.ts`, 'secrets are for the owner alone'],
      ],
    },
    {
      says: 'Passwords are kept as Argon2id; a wrong one takes as long for somebody who is no user.',
      tests: [
        [users, 'a password is kept as Argon2id, and no two hashes are the same'],
        [users, 'a sign-in takes as long for somebody who is no user'],
      ],
    },
    {
      says: 'One-time codes are good once, and for clocks half a minute apart; who lost both is invited anew.',
      tests: [
        [users, 'one-time codes: set up, asked for, good once, taken off again'],
        [users, 'who lost password and authenticator is removed and invited anew'],
      ],
    },
    {
      says: 'A session acts with its user’s role, changed ones at once; it ends when it is revoked, with the user, with a new password, or by itself.',
      tests: [
        [users, 'a session acts with its user’s role, until it ends'],
        [users, 'a new password ends all sessions'],
        [users, 'sessions and invitations that are not used up end by themselves'],
      ],
    },
    {
      says: 'Every route that changes something leaves one entry in the audit log: who, what, before, after, from where; and no secret.',
      tests: [
        [sweep, 'every route that changes something leaves one entry'],
        [access, 'every change is in the audit log, with before and after'],
      ],
    },
    {
      says: 'A change whose server was killed before it was confirmed has an entry that says so.',
      tests: [
        [`${server}/accounts/audit.test.ts`, 'what was meant and not confirmed has an entry'],
        [`${server}/kill.test.ts`, 'a killed server loses nothing that it acknowledged'],
      ],
    },
    {
      says: 'The audit log only grows, is chained by hashes, can be verified and exported.',
      tests: [
        [access, 'the audit log only grows, in order also when many write'],
        [
          'test/e2e/accounts.test.ts',
          'the audit log has all that, is intact, and goes into a file',
        ],
      ],
    },
    {
      says: 'Of secrets, tokens and passwords the database has hashes or ciphertext only.',
      tests: [
        [`${server}/storage/at-rest.test.ts`, 'no secret, token or password lies in the database'],
      ],
    },
    {
      says: 'The master key can be replaced, also while servers run; everything under the old one goes on.',
      tests: [
        [masterKeys, 'after rotation old texts open, new ones use the new key'],
        [configs, 'a device reads its own and its account’s; rotation'],
        [layerKeys, 'a key never comes back over REST, and lies sealed'],
        [webhooks, 'a secret is replaced while both sign; master keys, too'],
      ],
    },
  ],
  Devices: [
    {
      says: 'A device is made from a certificate request with the key that it made itself; what is wrong with one is said before.',
      tests: [
        [rest, 'a certificate request is checked before a device is made'],
        [authority, "a device's certificate says who it is and is no server's"],
      ],
    },
    {
      says: 'Certificates are renewed before they end, over the link, for the same key.',
      tests: [
        [certificates, 'a device whose certificate has ended is let in and gets a new one'],
        [certificates, 'certificates that last are not renewed before a third'],
        ['test/e2e/renewal.test.ts', 'a device gets a new certificate for the key it has'],
      ],
    },
    {
      says: 'Revocation ends a live connection within a second, on whatever server it is.',
      tests: [
        [certificates, 'a connection is over within a second of its revocation'],
        [certificates, 'revocation ends a live connection at once'],
        [
          `${server}/cluster.test.ts`,
          'a device on one server is deployed to, watched, replaced and revoked',
        ],
      ],
    },
    {
      says: 'It shows whether it is there, since when, when it was seen last and from where; which kernel and layers it reports.',
      tests: [[fleet, 'a device is connected from its hello until its connection ends']],
    },
    {
      says: 'How far an update is can be read, and why it started last.',
      tests: [
        [fleet, 'how far an update is can be read'],
        [filter, 'devices are found by name, attribute, presence, update and App'],
      ],
    },
    {
      says: 'Crashes are kept, confirmed once they are, and shown with functions where the ELF file is known.',
      tests: [
        [gateway, 'a crash is confirmed once it is kept, and shown once'],
        [symbols, 'a crash is shown with its function, as an event and in the list'],
        [`${server}/devices/reports.test.ts`, 'of the crashes of a device the newest are kept'],
      ],
    },
    {
      says: 'Tags and attributes are kept as given, and devices found by them.',
      tests: [
        [fleet, 'tags and attributes are kept as given'],
        [filter, 'devices are found by name, attribute, presence, update and App'],
      ],
    },
    {
      says: 'What happens comes as one numbered stream, that goes on where a reader left off.',
      tests: [
        [events, 'what happens to all devices comes in one stream'],
        [events, 'a reader goes on behind the last event it got'],
      ],
    },
    {
      says: 'Webhooks are signed, tried again, given up at last, and outlive a restart.',
      tests: [
        [webhooks, 'events of the chosen types are posted once, signed'],
        [webhooks, 'a failed post is tried again with the same id'],
        [webhooks, 'what waits when the server stops is posted by the next one'],
      ],
    },
    {
      says: 'Log lines are passed on and not kept, unless a setting keeps the last of them.',
      tests: [
        [gateway, 'log lines reach listeners with their time, and only while logging is enabled'],
        [filter, 'of what an application logs the newest lines are kept'],
      ],
    },
    {
      says: 'Which devices connected in a month is told as JSON and as CSV, also of those that are gone.',
      tests: [[fleet, 'crashes are listed; usage counts the devices of a month']],
    },
  ],
  'Bad input': [
    {
      says: 'Frames of any kind, order and content, and bytes that are none, end their connection or are borne.',
      tests: [
        [`${server}/gateway/fuzz.test.ts`, 'no sequence of frames makes the server fail'],
        [gateway, 'bytes that are no frames end the connection with a reason'],
        [gateway, 'garbage on the port hurts nobody'],
      ],
    },
    {
      says: 'Requests of any path, type and body are answered as the contract says.',
      tests: [
        [`${server}/http/fuzz.test.ts`, 'no request makes the server fail'],
        [malformed, '… is answered with …'],
        [malformed, 'what was sent behind a request that is refused is not another request'],
      ],
    },
    {
      says: 'SQL, paths, headers and markup in any parameter of any route are values.',
      tests: [
        [hostile, 'a hostile value in any parameter of any route is refused or kept as it is'],
        [borders, 'a Host header that is none does not come back in addresses'],
      ],
    },
    {
      says: 'Whoever begins and does not end something, on either port, is ended; everybody else is served meanwhile.',
      tests: [
        [slow, 'many slow peers of every kind, on both ports'],
        [slow, 'a device that says no hello, does not end a frame, or falls silent'],
        [slow, 'more connections to the API than allowed are dropped'],
        [
          `${server}/limits.test.ts`,
          'requests and handshakes that do not end do not keep the server',
        ],
      ],
    },
    {
      says: 'Bodies, bundles, headers and frames beyond their limits are refused with what the limit is.',
      tests: [
        [rest, 'what does not fit the contract is refused with a code of its own'],
        [apps, 'a faulty bundle is refused with what is wrong with it'],
        [malformed, '… is answered with …'],
        [gateway, 'frames that a device may not send end the connection'],
      ],
    },
    {
      says: 'Another account’s SIDs are not found, on every route and in every parameter that names something.',
      tests: [
        [borders, 'what belongs to another account is not found, on every route'],
        [borders, 'what a parameter names is looked for in one’s own account alone'],
        [borders, 'lists of one account have nothing of another'],
      ],
    },
    {
      says: 'What is sent again does not happen again: invitations, one-time codes, names and keys, crash reports, attestations.',
      tests: [
        [borders, 'a request that comes twice does what it says once'],
        [users, 'one-time codes: set up, asked for, good once'],
        [gateway, 'a crash is confirmed once it is kept, and shown once'],
        [attestations, 'malice: another device’s key, another device’s name, a replayed token'],
      ],
    },
    {
      says: 'Clocks that are wrong lock nobody out: a device has the time from the cloud, and its certificate is renewed also after its end.',
      tests: [
        [gateway, 'a device is welcomed with the time, its settings and its target'],
        [certificates, 'a device whose certificate has ended is let in'],
        [
          'packages/device/src/hardware/tls-dialer.test.ts',
          'a device that does not know the time connects',
        ],
        ['packages/microvisor/src/kernel/wall-clock.test.ts', 'what is no time is ignored'],
      ],
    },
    {
      says: 'A certificate of another authority, or none, is turned away with a reason.',
      tests: [
        [gateway, 'certificates of others, and none, are turned away'],
        [authority, 'a certificate of another authority or key is not kept'],
        [admission, 'a device that comes back resumes its TLS session, and is still known'],
      ],
    },
    {
      says: 'A webhook’s target that never answers keeps nobody waiting; one that points inside is refused, by address in any form, by name, by redirect, and when its name leads there later.',
      tests: [
        [webhooks, 'a target that never answers keeps nobody else waiting'],
        [webhooks, 'a target inside is refused when it is named and when a name leads there later'],
        [webhooks, 'a failed post is tried again with the same id'],
        [egress, 'a name that changes its mind is asked once'],
        [egress, 'addresses are public or not, to the last one of each range'],
        [managed, 'a redirect to … leads nowhere'],
      ],
    },
    {
      says: 'The database goes away in use and comes back: clear errors, nothing acknowledged is lost, devices stay or return, no restart.',
      tests: [
        [outages, 'the database goes away in use'],
        [
          `${server}/accounts/audit.test.ts`,
          'what was done while the log could not be written to follows, once',
        ],
        [`${server}/storage/postgres.test.ts`, 'transactions that fail at any point give their'],
      ],
    },
    {
      says: 'The bus goes away in use and comes back: nothing is refused, what was missed is caught up.',
      tests: [[outages, 'the bus goes away in use']],
    },
    {
      says: 'A full disk refuses what does not fit, keeps nothing of it, and takes it once there is room.',
      tests: [[`${server}/server.test.ts`, 'a full disk refuses the bundle']],
    },
  ],
}
