/** Whom an opaque channel can be opened to. The cloud has a handler for each. */
export const channelEndpoints = {
  log: 'lines of text, which become lines of the application log',
  echo: 'every byte comes back: for tests of a device and its connection',
} as const

export type ChannelEndpoint = keyof typeof channelEndpoints

export function isChannelEndpoint(name: string): name is ChannelEndpoint {
  return Object.hasOwn(channelEndpoints, name)
}
