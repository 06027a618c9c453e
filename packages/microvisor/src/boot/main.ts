/**
 * The entry of the boot image: what the chip evaluates at reset. Like the kernel's it runs in a bare
 * context and finds nothing there but ECMAScript and the Hardware it is handed.
 */
export { boot } from './bootrom.ts'
