export { main } from './main.ts'
export { cliReference } from './reference.ts'
