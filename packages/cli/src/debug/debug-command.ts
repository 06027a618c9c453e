/** The command line that a user can go on with. */

/** To be typed as it stands. */
export function debugCommand(device: string, keyFile: string): string {
  return `microvisor debug ${device} ${inShell(keyFile)}`
}

function inShell(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
