/**
 * The rules of the original REST API, each with the tests that fail when it is broken. rules.test.ts
 * holds this against the tests, and the resources of original-api.ts against this;
 * docs/reference/rest-rules.md is made from both.
 */
import type { Statements } from '../threats/named-tests.ts'

const original = 'test/compat/original-api.test.ts'
const client = 'test/compat/vendor-client.test.ts'
const openapi = 'test/compat/openapi-client.test.ts'
const server = 'packages/server/src'
const rest = `${server}/http/rest.test.ts`
const links = `${server}/http/links.test.ts`
const malformed = `${server}/http/malformed.test.ts`
const apps = `${server}/apps/apps.test.ts`
const configs = `${server}/configs/configs.test.ts`
const gateway = `${server}/gateway/gateway.test.ts`
const limits = `${server}/limits.test.ts`
const access = `${server}/accounts/access.test.ts`
const statuses = `${server}/devices/update-status.test.ts`
const outages = `${server}/cluster-outages.test.ts`
const contract = 'packages/api/src/openapi.test.ts'
const errors = 'packages/api/src/errors.test.ts'
const managed = `${server}/managed/http.test.ts`

const shape = '…: made, listed, fetched and deleted'
const methods = '…: every other method is refused'
const pages = '…: pages of 50 unless asked'
const trouble = '… is answered with …, in the vendor'

export const rules: Statements = {
  'Where and who': [
    {
      says: 'Everything is below /v1 of one address; an upload may come under a host of its own. Addresses in answers begin as the caller called the service.',
      tests: [
        [original, 'uploads go to whatever host leads here'],
        [rest, 'addresses in answers are those by which the service was called'],
        [links, 'every address in every answer leads somewhere'],
      ],
    },
    {
      says: 'HTTP Basic: Account SID and Auth Token, or the SID of an API key and its secret.',
      tests: [
        [client, '…: an API key signs in'],
        [rest, 'without the right credentials nothing is shown'],
        [rest, 'every route but the open ones asks for credentials'],
      ],
    },
    {
      says: 'SIDs are two letters and 32 hexadecimal digits, of either case where they are asked for.',
      tests: [
        [original, 'Apps and Devices go by SID, of either case'],
        [rest, 'without the right credentials nothing is shown'],
      ],
    },
    {
      says: 'Apps and Devices go by SID or unique name, Configs and Secrets by key; a part of a path has no / and no ?.',
      tests: [[original, 'Apps and Devices go by SID, of either case']],
    },
    {
      says: 'Who sends too many requests is told so; the client comes again when it is set to, and is served.',
      tests: [
        [client, '…: too many requests are told so'],
        [access, 'who comes too often, or is wrong too often, waits'],
      ],
    },
  ],
  'Requests and answers': [
    {
      says: 'Parameters are a form with names in UpperCamelCase; true and false are words; an unknown one, one twice, or a body of another type is refused.',
      tests: [
        [rest, 'what does not fit the contract is refused with a code of its own'],
        [malformed, 'text that is not UTF-8 is refused, not changed'],
      ],
    },
    {
      says: 'Answers are JSON with names in snake_case: 200 for lists, fetches and updates, 201 for what was made, 204 without a body for what is gone.',
      tests: [[original, shape]],
    },
    { says: 'Dates are UTC in whole seconds, with a Z.', tests: [[original, shape]] },
    {
      says: 'Each resource has the properties of the table above, no fewer; Devices alone have more.',
      tests: [
        [original, shape],
        [original, 'an App’s manifest is its bytes in base 64'],
      ],
    },
    {
      says: 'Each path takes the methods of the table above; for others the answer names those that there are.',
      tests: [
        [original, methods],
        [original, 'an App’s manifest is its bytes in base 64'],
      ],
    },
    {
      says: 'What a resource says its address is shows the same resource.',
      tests: [
        [original, shape],
        [links, 'what a resource says of its own address shows the same resource'],
      ],
    },
  ],
  Lists: [
    {
      says: 'PageSize is 50 unless asked, from 1 to 1000; more has a code of its own.',
      tests: [
        [original, pages],
        [original, 'a page without PageSize ends after 50'],
      ],
    },
    {
      says: 'meta has seven members; the next page is null at the end, the previous one at the beginning; Page is shown, the place is in PageToken.',
      tests: [[original, pages]],
    },
    {
      says: 'Following the next page shows everything once, newest first, also while the list changes.',
      tests: [
        [original, pages],
        [rest, 'pages show everything once, forwards and backwards'],
      ],
    },
    {
      says: 'The client’s four ways to read a list agree: list, each, page and getPage, with limit and with pageSize.',
      tests: [
        [client, '…: Apps and their manifests'],
        [client, '…: Devices'],
        [client, '…: Configs and Secrets of the account and of a Device'],
      ],
    },
  ],
  Errors: [
    {
      says: 'An error has code, message, more_info, status and details, and the numbers that the vendor gave to such trouble; more_info leads to a page.',
      tests: [
        [original, trouble],
        [rest, 'what does not fit the contract is refused with a code of its own'],
        [errors, 'the body has the shape of the original API'],
        [malformed, '… is answered with …'],
      ],
    },
    {
      says: 'What is not there, or somebody else’s, is not found; a name or key that is taken is a conflict.',
      tests: [
        [original, 'names and keys are taken once, each in its scope'],
        [`${server}/accounts/borders.test.ts`, 'what belongs to another account is not found'],
      ],
    },
    {
      says: 'While the database is away, the answer is 503 with a time to come again.',
      tests: [[outages, 'the database goes away in use']],
    },
  ],
  Apps: [
    {
      says: 'An upload is a multipart form with the bundle as File, and a UniqueName if wanted; the answer is the App. The largest is 64 MiB.',
      tests: [
        [apps, 'an upload without its file, or with parts of other names, is refused'],
        [apps, 'the largest bundle and the largest layer are taken'],
        [apps, 'a faulty bundle is refused with what is wrong with it'],
      ],
    },
    {
      says: 'Every upload makes another App, also of the same bundle; an App never changes.',
      tests: [
        [apps, 'a bundle signed here is taken as it is, and every upload makes a new App'],
        [original, methods],
      ],
    },
    {
      says: 'An unsigned manifest is signed here; the manifest’s bytes have the hash that the App shows.',
      tests: [
        [apps, 'an unsigned bundle is signed'],
        [original, 'an App’s manifest is its bytes in base 64'],
      ],
    },
    {
      says: 'An App that a Device should run is not deleted: 400.',
      tests: [
        [rest, 'an App that a Device should run stays; afterwards it goes'],
        [original, 'a Device is renamed, given an App'],
      ],
    },
    {
      says: 'Bundles of the vendor’s own tools are taken unchanged.',
      tests: [['test/compat/vendor-bundles.test.ts', 'the cloud takes each unchanged']],
    },
  ],
  Devices: [
    {
      says: 'UniqueName renames, TargetApp deploys by SID or name, RestartApp restarts; false and nothing at all change nothing.',
      tests: [
        [original, 'a Device is renamed, given an App'],
        [gateway, 'a restart is ordered at once, or when the device is back'],
        [client, '…: Devices'],
      ],
    },
    {
      says: 'LoggingEnabled is for 24 hours; again: 24 hours from then; then it ends by itself.',
      tests: [
        [original, 'a Device is renamed, given an App'],
        [limits, 'logging ends by itself when its time is over'],
      ],
    },
    {
      says: 'update_status is pending, up-to-date or error, from what the device reports.',
      tests: [
        [gateway, 'an update goes from pending to up-to-date by what the device reports'],
        [gateway, 'a failed update is an error with the code of the device'],
        [statuses, 'the status follows from target, report and last failure'],
      ],
    },
  ],
  'Configs and Secrets': [
    {
      says: 'A key has 1 to 100 characters, a value up to 4096; both are required, and an update changes the value alone.',
      tests: [
        [original, 'keys have up to 100 characters and values up to 4096'],
        [configs, 'keys and values are text within limits'],
      ],
    },
    {
      says: 'Account and Device, Configs and Secrets are four name spaces; a key is unique in each.',
      tests: [
        [original, 'names and keys are taken once, each in its scope'],
        [configs, 'one key lives four times'],
      ],
    },
    {
      says: 'A Secret’s value never comes back; devices read both kinds.',
      tests: [
        [original, 'keys have up to 100 characters and values up to 4096'],
        [managed, 'configs and secrets reach the device that may have them, and no other'],
      ],
    },
  ],
  Clients: [
    {
      says: 'The vendor’s Node.js client, in its 4.x and 5.x lines, works unchanged but for the address: every method that its Microvisor part has is driven, and found in the client itself.',
      tests: [
        [client, '…: every method of its Microvisor part was driven'],
        [client, 'the clients sent every request of the original API but the upload'],
      ],
    },
    {
      says: 'A client in another language, made from openapi.json, works.',
      tests: [
        [openapi, 'a client made from openapi.json drives the API'],
        [contract, 'every route is one operation, and no two share a name'],
      ],
    },
  ],
}
