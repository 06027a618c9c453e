/** The Node of this repository loses no memory where devices connect; one that does is told of. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { faultOfNode } from './node-faults.ts'
import { testCloud } from './testing/cloud.ts'

test('a release that loses memory is named, with what to use instead', () => {
  for (const version of ['v24.21.0', 'v26.8.0', 'v26.8.1', 'v26.8.2'])
    assert.match(faultOfNode(version) ?? '', /4 KB .* Use 24\.20 or 26\.9/, version)
  for (const version of ['v24.20.0', 'v26.9.0', 'v26.10.0'])
    assert.equal(faultOfNode(version), undefined, version)
})

test('the repository’s own Node is none of them', () => {
  const file = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  const { node } = JSON.parse(file).devDependencies
  assert.match(node, /^\d+\.\d+\.\d+$/, 'one exact release')
  assert.equal(faultOfNode(`v${node}`), undefined)
})

test('a server says it when it starts, and only then', async () => {
  const real = process.version
  const told = async (version: string) => {
    Object.defineProperty(process, 'version', { value: version, configurable: true })
    const cloud = await testCloud()
    Object.defineProperty(process, 'version', { value: real, configurable: true })
    await cloud.close()
    return cloud.log.filter(({ event }) => event === 'node is faulty')
  }
  const [fault] = await told('v24.21.0')
  assert.equal(fault?.level, 40)
  assert.equal(fault.detail, faultOfNode('v24.21.0'))
  assert.deepEqual(await told('v24.20.0'), [])
})
