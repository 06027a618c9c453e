/**
 * The groups of `npm test`: together they hold every test file there is. A group's files run in
 * processes of `filesAtOnce`: many where a file takes less time than a process needs to start, one
 * where a file is a story of minutes. The longest come first, so that none is left alone at the end.
 */
export interface Group {
  readonly globs: readonly string[]
  readonly filesAtOnce: number
}

export const groups: Readonly<Record<string, Group>> = {
  'end to end': { globs: ['test/{e2e,debug,scenarios}/**/*.test.ts'], filesAtOnce: 1 },
  cloud: {
    globs: ['packages/server/src/**/*.test.ts', 'test/compat/**/*.test.ts'],
    filesAtOnce: 5,
  },
  'device and command': {
    globs: ['packages/{device,cli}/src/**/*.test.ts', 'tools/**/*.test.ts'],
    filesAtOnce: 8,
  },
  'chip and kernel': {
    globs: [
      'packages/{protocol,mcu,microvisor,api}/src/**/*.test.ts',
      'test/{powerloss,conformance,threats,behaviour,service}/**/*.test.ts',
    ],
    filesAtOnce: 12,
  },
}

/**
 * The cloud's tests once more, with servers on PostgreSQL, NATS and an object store: a sample in
 * `npm test`, all of them in `npm run test:slow` and with `npm test -- --scaled`. Not those that start
 * such servers anyway, or are about files.
 */
export const scaled = {
  name: 'cloud on PostgreSQL, NATS and S3',
  sample: [
    'packages/server/src/{apps,configs,devices,transfers}/**/*.test.ts',
    'packages/server/src/storage/older-databases.test.ts',
  ],
  all: ['packages/server/src/**/*.test.ts'],
  filesAtOnce: 20,
  except: [
    'cluster',
    'backup',
    'kill',
    'database',
    'storage/postgres',
    'blobs',
    'gather',
    'events/',
    'debug/',
    'data-folder',
    'pace',
  ],
} as const
