/** docs/reference/rest.md: every route of the contract. What a running server says of itself is /v1/openapi.json. */
import { type Route, routes } from '@microvisor/api'
import { table } from './markdown.ts'

export function makeRestPage(): string {
  return `# REST API

<!-- Generated from packages/api/src by \`npm run gen\`: change it there. -->

Resources, names, pages and errors are those of the original API, so its published clients work when
pointed here; what is ours follows the same manner. Authentication is HTTP Basic, Account SID and Auth
Token. Parameters are form fields in UpperCamelCase, answers are JSON in snake_case. A running server
describes itself in full, with every schema, at \`/v1/openapi.json\`. Errors:
[errors.md](errors.md). What held in the original, rule by rule: [rest-rules.md](rest-rules.md).

${routes.map(section).join('\n')}`
}

function section(route: Route): string {
  const { method, path, summary, status, answer, access } = route
  const errors = route.errors.map((code) => `\`${code}\``).join(', ')
  const parameters = [
    ...rowsOf(route.params, 'path'),
    ...rowsOf(route.query, 'query'),
    ...(route.file ? [['`File`', 'form', 'yes', route.file.what]] : []),
    ...rowsOf(route.form, 'form'),
  ]
  const facts = [
    `Answers ${status}${answerWords[answer]}.`,
    access === 'anyone' ? 'Needs no credentials.' : '',
    errors === '' ? '' : `Errors of its own: ${errors}.`,
  ]
  const list = table(['parameter', 'in', 'required', ''], parameters)
  return `## ${method} ${path}

${summary}.

${parameters.length === 0 ? '' : `${list}\n`}${facts.filter((fact) => fact !== '').join(' ')}
`
}

const answerWords = {
  json: ' with JSON',
  nothing: ' without a body',
  bytes: ' with a zip file',
  events: ' with a stream of events (text/event-stream)',
  text: ' with text',
  csv: ' with CSV',
} as const satisfies Record<Route['answer'], string>

function rowsOf({ shape }: Route['params'], place: 'path' | 'query' | 'form'): string[][] {
  return Object.entries(shape).map(([name, type]) => {
    const { description = '' } = type.meta() ?? {}
    const isRequired = place === 'path' || !type.safeParse(undefined).success
    return [`\`${name}\``, place, isRequired ? 'yes' : 'no', description]
  })
}
