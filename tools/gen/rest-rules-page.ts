/** docs/reference/rest-rules.md: the original API's resources and rules, and the tests that hold us to them. */
import {
  errorCodes,
  manifest,
  type Properties,
  pageMeta,
  resources,
} from '../../test/compat/original-api.ts'
import { rules } from '../../test/compat/rules.ts'
import { code, table } from './markdown.ts'
import { formatStatements } from './statements.ts'

export function makeRestRulesPage(): string {
  const rows = resources.flatMap(({ what, path, list, one, verbs, properties }) => [
    [code(path), list.join(', '), `${what}s`],
    [code(path + one), verbs.join(', '), namesOf(properties)],
  ])
  const codes = Object.entries(errorCodes)
  return `# The rules of the original REST API

<!-- Generated from test/compat/original-api.ts and test/compat/rules.ts by \`npm run gen\`: change it there. -->

What programs that were written for the original rely on, rule by rule, each with the tests that fail when
it is broken. Each test named here exists; \`npm test -- compat\` runs most of them. What is there besides
stands in [REST API](rest.md).

${table(['path', 'methods', 'what it shows'], [...rows, [code(manifest.path), 'GET', namesOf(manifest.properties)]])}
Lists show their items under the name of the collection, and \`meta\` with ${namesOf(pageMeta)}.

${table(['code', 'trouble'], codes)}
${formatStatements(rules)}`
}

function namesOf(properties: Properties): string {
  return Object.entries(properties)
    .map(([name, property]) =>
      typeof property === 'object' ? `${code(name)} (${namesOf(property)})` : code(name),
    )
    .join(', ')
}
