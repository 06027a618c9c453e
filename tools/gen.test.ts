import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type EnumTable,
  enums,
  handleNames,
  type StructTable,
  type SystemCall,
  structs,
  systemCalls,
} from '@microvisor/protocol'
import { declareCall } from './gen/c.ts'
import { findStale, makeAll } from './gen.ts'
import { missing } from './programs.ts'

const root = join(import.meta.dirname, '..')
const skip = missing('arm-none-eabi-gcc')
const flags = ['-mcpu=cortex-m33', '-mthumb', '-Wall', '-Wextra', '-Werror', '-Isdk/include']

test('every generated file is what its table gives', async () => {
  assert.deepEqual(findStale(root, await makeAll()), [])
})

test('a file that differs from its table, or is missing, is stale', () => {
  const path = 'sdk/include/mv_syscalls.h'
  assert.deepEqual(
    findStale(
      root,
      new Map([
        [path, 'other'],
        ['no/such/file', ''],
      ]),
    ),
    [path, 'no/such/file'],
  )
})

test('the compiler gives every enumeration, structure and handle the size and offsets of the table', {
  skip,
}, () => {
  const lines = [
    ...enumAssertions(),
    ...structAssertions(),
    ...handleNames.map((name) => same(`sizeof(${name})`, 4)),
  ]
  compile('c', ['-std=c11'], `#include <stddef.h>\n#include "mv_syscalls.h"\n${lines.join('\n')}\n`)
})

test('the header says the same to C++', { skip: skip || missing('arm-none-eabi-g++') }, () => {
  const lines = [...enumAssertions(), ...structAssertions()]
  const text = lines.join('\n').replaceAll('_Static_assert', 'static_assert')
  compile('cpp', ['-std=c++17'], `#include <stddef.h>\n#include "mv_syscalls.h"\n${text}\n`)
})

test('interrupts have their numbers of the vector table', { skip }, () => {
  // RM0456, "STM32U5 series vector table": one from each stretch.
  const numbers = {
    ...{ WWDG: 0, RTC_S: 3, GTZC: 8, EXTI15: 26, SAES: 28, GPDMA1_Channel7: 36, TIM1_BRK: 41 },
    ...{ TIM2: 45, TIM5: 48, TIM8_BRK: 51, USART1: 61, LPTIM2: 68, OTG_FS: 73, OCTOSPI1: 76 },
    ...{ GPDMA1_Channel15: 87, RNG: 94, PKA: 97, UCPD1: 106, LPTIM4: 110, FMAC: 124, LSECSSD: 125 },
  }
  const lines = Object.entries(numbers).map(([name, number]) => same(`${name}_IRQ`, number))
  const count = same('MV_INTERRUPT_COUNT', 126)
  compile('c', ['-std=c11'], `#include "mv_interrupts.h"\n${[...lines, count].join('\n')}\n`)
})

test('sources written for the published header compile', { skip }, () => {
  compile('c', ['-std=c11', '-Wno-unused-variable'], customerSource)
})

test('a wider enumeration is refused by the header itself', { skip }, () => {
  assert.throws(
    () => compile('c', ['-std=c11', '-fno-short-enums'], '#include "mv_syscalls.h"\n'),
    /compile with -fshort-enums/,
  )
})

test('every call links to its address in the non-secure-callable region', { skip }, () => {
  const pointers = Object.entries<SystemCall>(systemCalls).map(
    ([name, call]) => `${declareCall(`(*p_${name})`, call)} = ${name};`,
  )
  const symbols = link(`#include "mv_syscalls.h"\n${pointers.join('\n')}\n`)
  for (const [name, { address }] of Object.entries(systemCalls))
    assert.equal(symbols.get(name), address + 1, `${name} is a Thumb function at its address`)
})

test('a call is a branch that reaches it', { skip }, () => {
  const listing = disassemble(
    '#include "mv_syscalls.h"\nenum MvStatus f(void) { return mvNoOp(); }\n',
  )
  assert.match(listing, /mvNoOp_veneer/)
  assert.match(listing, /0c1fe0d9/)
})

function* enumAssertions(): Generator<string> {
  for (const [name, { bytes, prefix, values }] of Object.entries<EnumTable>(enums)) {
    yield same(`sizeof(enum ${name})`, bytes)
    for (const [key, [value]] of Object.entries(values)) yield same(prefix + key, value)
  }
}

function* structAssertions(): Generator<string> {
  for (const [name, { bytes, alignment, fields, version }] of Object.entries<StructTable>(
    structs,
  )) {
    yield same(`sizeof(struct ${name})`, bytes)
    yield same(`_Alignof(struct ${name})`.replace('_Alignof', '__alignof__'), alignment)
    for (const [key, { offset }] of Object.entries(fields)) {
      const member = version !== undefined && key !== 'version' ? `v${version}.${key}` : key
      yield same(`offsetof(struct ${name}, ${member})`, offset)
    }
  }
}

function same(expression: string, value: number): string {
  return `_Static_assert(${expression} == ${value}, "${expression}");`
}

/** How published samples use the interface: designated initialisers, v1, plain integers for statuses. */
const customerSource = `
#include <stdint.h>
#include "mv_syscalls.h"
static struct MvNotification buffer[16] __attribute__((aligned(8)));
static MvNotificationHandle center = 0;
static MvNetworkHandle network = 0;
int main(void) {
  static struct MvNotificationSetup setup = {
    .irq = 45, .buffer = (struct MvNotification *)buffer, .buffer_size = sizeof(buffer)};
  uint32_t status = mvSetupNotifications(&setup, &center);
  struct MvRequestNetworkParams request = {
    .version = 1,
    .v1 = {.notification_handle = center, .notification_tag = 1},
  };
  if (network == 0 && status == MV_STATUS_OKAY) status = mvRequestNetwork(&request, &network);
  const uint8_t url[] = "https://example.com";
  struct MvHttpRequest http = {
    .url = {.data = url, .length = sizeof(url) - 1}, .num_headers = 0, .headers = NULL, .timeout_ms = 10000};
  struct MvOpenChannelParams channel = {
    .version = 1,
    .v1 = {.network_handle = network, .channel_type = MV_CHANNELTYPE_HTTP, .endpoint = {.data = 0, .length = 0}},
  };
  enum MvWakeReason reason = MV_WAKEREASON_COLDBOOT;
  return mvGetWakeReason(&reason) == MV_STATUS__MAX;
}
`.replace('#include <stdint.h>', '#include <stddef.h>\n#include <stdint.h>')

function compile(language: 'c' | 'cpp', more: readonly string[], source: string): void {
  inFolder((folder) => {
    writeFileSync(join(folder, `main.${language}`), source)
    gcc(language, [...more, '-fsyntax-only', join(folder, `main.${language}`)])
  })
}

/** Symbols of the program, to addresses. */
function link(source: string): Map<string, number> {
  return inFolder((folder) => {
    const elf = linkIn(folder, source)
    const listing = execFileSync('arm-none-eabi-readelf', ['-sW', elf], { encoding: 'utf8' })
    const rows = [
      ...listing.matchAll(/^ *\d+: ([0-9a-f]{8}) +8 FUNC +GLOBAL DEFAULT +ABS (\w+)$/gm),
    ]
    return new Map(rows.map(([, address, name]) => [name!, Number.parseInt(address!, 16)]))
  })
}

function disassemble(source: string): string {
  return inFolder((folder) =>
    execFileSync('arm-none-eabi-objdump', ['-d', linkIn(folder, source)], { encoding: 'utf8' }),
  )
}

function linkIn(folder: string, source: string): string {
  writeFileSync(join(folder, 'main.c'), source)
  const output = join(folder, 'main.elf')
  gcc('c', [
    '-std=c11',
    '-nostdlib',
    '-Wl,-Ttext=0x08000000,-e0',
    '-o',
    output,
    join(folder, 'main.c'),
    'sdk/src/mv_syscalls.S',
  ])
  return output
}

function gcc(language: 'c' | 'cpp', args: readonly string[]): void {
  execFileSync(language === 'c' ? 'arm-none-eabi-gcc' : 'arm-none-eabi-g++', [...flags, ...args], {
    cwd: root,
    stdio: 'pipe',
    encoding: 'utf8',
  })
}

function inFolder<Result>(act: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-gen-test-'))
  try {
    return act(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
