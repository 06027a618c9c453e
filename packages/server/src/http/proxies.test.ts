/** Who sent a request: as far as trusted proxies say so, and no further, whatever a header holds. */
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import * as api from '@microvisor/api'
import { sampled, seed } from '../../../../tools/sampling.ts'
import { authorization, testCloud } from '../testing/cloud.ts'
import { Random } from '../testing/random.ts'
import { Proxies, parseNetwork } from './proxies.ts'

const ours = new Proxies(['10.0.0.0/8', '127.0.0.1', 'fd00:1::/64', '::1'])

function seen(remoteAddress: string | undefined, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return ours.addressOf({ socket: { remoteAddress }, headers })
}

test('an address is the last one that somebody trusted has seen', () => {
  const cases: [string | undefined, string | undefined, string][] = [
    // Nobody said anything, or nobody whom we trust.
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['11.0.0.1', '198.51.100.7', '11.0.0.1'],
    [undefined, '198.51.100.7', ''],
    // One proxy, two in a row, and what a client wrote itself before them.
    ['10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['::ffff:10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['10.0.0.1', '198.51.100.7, 10.2.3.4', '198.51.100.7'],
    ['10.0.0.1', '203.0.113.5, 198.51.100.7, 10.2.3.4', '198.51.100.7'],
    ['10.0.0.1', '10.9.9.9, 10.2.3.4', '10.9.9.9'],
    // IPv6, with a port, and IPv4 in its clothes.
    ['fd00:1::9', '2001:db8::7', '2001:db8::7'],
    ['fd00:2::9', '2001:db8::7', 'fd00:2::9'],
    ['::1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['127.0.0.1', '198.51.100.7:4711', '198.51.100.7'],
    ['127.0.0.1', '::ffff:198.51.100.7', '198.51.100.7'],
    // What is no address ends it.
    ['127.0.0.1', 'unknown', '127.0.0.1'],
    ['127.0.0.1', '198.51.100.7, _hidden', '127.0.0.1'],
    ['127.0.0.1', '198.51.100.7,, 10.1.1.1', '10.1.1.1'],
    ['127.0.0.1', '198.51.100.300', '127.0.0.1'],
  ]
  for (const [peer, forwarded, expected] of cases)
    assert.equal(seen(peer, forwarded), expected, `${peer} said ${forwarded}`)
})

test('only so many proxies in a row are looked at', () => {
  const row = (proxies: number) => ['198.51.100.7', ...Array(proxies).fill('10.0.0.2')].join(', ')
  assert.equal(seen('10.0.0.1', row(7)), '198.51.100.7')
  assert.equal(seen('10.0.0.1', row(8)), '10.0.0.2')
})

test('whatever a header holds, the address is one, and not one that a stranger chose', () => {
  const random = new Random(seed)
  const pieces = [
    '198.51.100.7',
    '10.1.2.3',
    '::1',
    '[::1]:5',
    ',',
    ' ',
    '[',
    ']',
    ':',
    '%',
    '\t',
    'x',
    '::ffff:1.2.3.4',
    '999',
    '/8',
    'é',
  ]
  for (let n = 0; n < sampled(2000, 200_000); n++) {
    const header = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join('')
    assert.notEqual(isIP(seen('10.0.0.1', header)), 0, `seed ${seed}: ${header}`)
    assert.equal(seen('192.0.2.1', header), '192.0.2.1', `seed ${seed}: ${header}`)
    // What is behind the last comma is what our proxy has seen; all before may be made up.
    assert.equal(
      seen('10.0.0.1', `${header},203.0.113.5`),
      '203.0.113.5',
      `seed ${seed}: ${header}`,
    )
  }
})

test('networks are read exactly', () => {
  for (const good of ['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '::/0', 'fd00::/128', '10.0.0.1/32'])
    assert.notEqual(parseNetwork(good), undefined, good)
  for (const wrong of [
    '',
    'proxy',
    '10.0.0.1/33',
    '::1/129',
    '10.0.0.1/',
    '10.0.0.1/8/8',
    '10.0.0.1/-1',
    '10.0.0.1/1e1',
    '10.0.1',
    'fe80::1%eth0',
    '10.0.0.1:80',
  ])
    assert.equal(parseNetwork(wrong), undefined, wrong)
})

test('the audit log and the limit of wrong credentials go by who is behind the proxy', async () => {
  const limits = { wrongCredentialsPerSecond: 0.001, wrongCredentialsBurst: 2 }
  const cloud = await testCloud({ trustedProxies: ['127.0.0.1'], limits })
  const from = (address: string, headers: Record<string, string> = {}) =>
    fetch(`${cloud.server.url}/v1/Configs`, {
      method: 'POST',
      body: new URLSearchParams({ Key: `of-${address}`, Value: '1' }),
      headers: { 'x-forwarded-for': `203.0.113.99, ${address}`, ...headers },
    })
  assert.equal((await from('198.51.100.7', authorization(cloud.server))).status, 201)
  const { entries } = await cloud.client.call(api.listAudit)
  assert.equal(entries[0]?.address, '198.51.100.7')
  const wrong = { authorization: `Basic ${btoa(`AC${'0'.repeat(32)}:x`)}` }
  const statuses: number[] = []
  for (let n = 0; n < 3; n++) statuses.push((await from('198.51.100.8', wrong)).status)
  assert.deepEqual(statuses, [401, 401, 429])
  assert.equal((await from('198.51.100.9', wrong)).status, 401)
  const logged = cloud.log.find(({ event, status }) => event === 'request' && status === 429)
  assert.equal(logged?.address, '198.51.100.8')
  await cloud.close()
})
