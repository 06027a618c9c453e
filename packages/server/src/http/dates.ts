/** Times as the API writes them. */

/** `2021-01-01T12:34:56Z`. */
export function formatDate(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

export function formatDateOrNull(date: Date | null): string | null {
  return date && formatDate(date)
}
