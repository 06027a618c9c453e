/** The groups of `npm test`, each one process: together they hold every test file there is. */
export const groups = {
  'chip and kernel': [
    'packages/{protocol,mcu,microvisor,api}/src/**/*.test.ts',
    'test/{powerloss,conformance,scenarios}/**/*.test.ts',
  ],
  'cloud, device and command': [
    'packages/{server,device,cli}/src/**/*.test.ts',
    'test/{compat,debug,e2e}/**/*.test.ts',
    'tools/**/*.test.ts',
  ],
} as const
