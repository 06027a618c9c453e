/** docs/reference/errors.md: every error of the REST API, and every error of an update. */
import { type ErrorCode, errors } from '@microvisor/api'
import { table } from './markdown.ts'

export function makeErrorPage(): string {
  const rows = (Object.keys(errors) as ErrorCode[]).map((code) => {
    const { number, status, fix } = errors[code]
    return [`\`${code}\``, `${number}`, `${status}`, fix]
  })
  return `# Errors of the REST API

<!-- Generated from packages/api/src/errors.ts by \`npm run gen\`: change it there. -->

An error is a JSON object: \`code\` (the number), \`message\` (what happened, with the values), \`more_info\`,
\`status\`, and \`details\` with the permanent name of the error and what to do. Numbers below 70000 are
those that the original API gave to the same trouble, and several errors share one.

${table(['error', 'number', 'status', 'what to do'], rows)}
Why an update failed stands in a device's \`app.update_error_code\`: see \`UpdateError\` in [link.md](link.md).
`
}
