/**
 * The groups of `npm test`, each one process: together they hold every test file there is. More groups
 * than processors, because the tests of the command and of the cloud wait most of the time.
 */
export const groups = {
  'chip and kernel': [
    'packages/{protocol,mcu,microvisor,api}/src/**/*.test.ts',
    'test/{powerloss,conformance,scenarios,threats}/**/*.test.ts',
  ],
  cloud: ['packages/server/src/**/*.test.ts', 'test/compat/**/*.test.ts'],
  'device and command': [
    'packages/{device,cli}/src/**/*.test.ts',
    'test/{debug,e2e}/**/*.test.ts',
    'tools/**/*.test.ts',
  ],
} as const

/**
 * The cloud's tests once more, with servers on PostgreSQL, NATS and an object store: a sample in
 * `npm test`, all of them in `npm run test:slow` and with `npm test -- --scaled`. Not those that start
 * such servers anyway, or are about files.
 */
export const scaled = {
  name: 'cloud on PostgreSQL, NATS and S3',
  sample: [
    'packages/server/src/{apps,configs,devices,transfers}/**/*.test.ts',
    'packages/server/src/storage/first-release.test.ts',
  ],
  all: ['packages/server/src/**/*.test.ts'],
  except: [
    'cluster',
    'backup',
    'kill',
    'database',
    'blobs',
    'gather',
    'events/',
    'debug/',
    'data-folder',
    'pace',
  ],
} as const
