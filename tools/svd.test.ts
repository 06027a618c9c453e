/** The SVD file against what CMSIS-SVD 1.3 asks of one, so that debuggers take it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSvd } from './gen/svd.ts'

interface Element {
  readonly name: string
  readonly attributes: string
  text: string
  readonly children: Element[]
}

/** Elements, attributes and text: all that the file has. Throws where tags do not match. */
function parse(xml: string): Element {
  const root: Element = { name: '', attributes: '', text: '', children: [] }
  const open = [root]
  for (const [whole, slash, name, attributes] of xml.matchAll(/<(\/?)(\w+)([^>]*)>|[^<]+/g)) {
    const top = open.at(-1)!
    if (name === undefined) top.text += whole.trim()
    else if (slash) {
      assert.equal(open.pop()?.name, name)
    } else {
      const element = { name, attributes: attributes ?? '', text: '', children: [] }
      top.children.push(element)
      open.push(element)
    }
  }
  assert.equal(open.length, 1, 'every tag is closed')
  return root.children.at(-1)!
}

const all = (element: Element | undefined, name: string) =>
  element?.children.filter((child) => child.name === name) ?? []
const text = (element: Element, name: string) => all(element, name)[0]?.text ?? ''
const number = (element: Element, name: string) => Number(text(element, name))

/** Order of elements in the schema. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  device: [
    ...['name', 'version', 'description', 'cpu', 'addressUnitBits', 'width', 'size', 'access'],
    ...['resetValue', 'resetMask', 'peripherals'],
  ],
  peripheral: ['name', 'description', 'baseAddress', 'addressBlock', 'interrupt', 'registers'],
  register: [
    ...['dim', 'dimIncrement', 'name', 'description', 'addressOffset', 'resetValue', 'fields'],
  ],
  field: ['name', 'description', 'bitRange', 'access', 'modifiedWriteValues', 'readAction'],
}

const body = makeSvd().replace(/<\?.*?\?>|<!--.*?-->/gs, '')
const device = parse(body)
const peripherals = all(all(device, 'peripherals')[0], 'peripheral')

test('elements stand in the order of the schema', () => {
  const visit = (element: Element): void => {
    const order = ORDER[element.name]
    if (order !== undefined) {
      const places = element.children.map(({ name }) => order.indexOf(name))
      assert.ok(!places.includes(-1), `${element.name}: ${element.children.map((c) => c.name)}`)
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
        `${element.name} ${text(element, 'name')}`,
      )
    }
    element.children.forEach(visit)
  }
  visit(device)
})

test('names are C identifiers, once each; what is derived from exists before', () => {
  const known = new Set<string>()
  for (const peripheral of peripherals) {
    const name = text(peripheral, 'name')
    assert.match(name, /^[A-Za-z]\w*$/)
    assert.ok(!known.has(name), name)
    const original = /derivedFrom="(\w+)"/.exec(peripheral.attributes)?.[1]
    if (original !== undefined) assert.ok(known.has(original), `${name} from ${original}`)
    known.add(name)
  }
  assert.ok(known.size > 80)
})

test('registers lie in their block without overlap, fields in their register', () => {
  for (const peripheral of peripherals) {
    const size = number(all(peripheral, 'addressBlock')[0] ?? peripheral, 'size')
    const taken = new Set<number>()
    for (const register of all(all(peripheral, 'registers')[0], 'register')) {
      const name = `${text(peripheral, 'name')}_${text(register, 'name')}`
      const words = Math.max(1, number(register, 'dim') || 1)
      for (let word = 0; word < words; word++) {
        const offset = number(register, 'addressOffset') + word * 4
        assert.ok(offset % 4 === 0 && offset < size && !taken.has(offset), name)
        taken.add(offset)
      }
      checkFields(name, all(all(register, 'fields')[0], 'field'))
    }
  }
})

function checkFields(register: string, fields: readonly Element[]): void {
  let used = 0
  const names = new Set(fields.map((field) => text(field, 'name')))
  assert.equal(names.size, fields.length, register)
  for (const field of fields) {
    const [, high, low] = /^\[(\d+):(\d+)\]$/.exec(text(field, 'bitRange')) ?? []
    assert.ok(
      Number(high) >= Number(low) && Number(high) < 32,
      `${register}.${text(field, 'name')}`,
    )
    for (let bit = Number(low); bit <= Number(high); bit++) {
      assert.equal((used >>> bit) & 1, 0, `${register}.${text(field, 'name')}`)
      used |= 1 << bit
    }
  }
}
