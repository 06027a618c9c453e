/** The chip's ports of sixteen pins. RM0456, "General-purpose I/Os (GPIO)". */

export const portNames = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'] as const
export type PortName = (typeof portNames)[number]

export const PINS_PER_PORT = 16
