/** Tables of kinds as Markdown, from their schemas: what the generated pages of docs/ share. */
import { z } from 'zod'

/** One row for each kind of a table: its word and what it does. */
export const summaries = (table) =>
  `| | |\n| --- | --- |\n${Object.entries(table)
    .map(([word, { summary }]) => `| \`${word}\` | ${summary} |`)
    .join('\n')}`

/** The keys of one kind but `type`, each with its default and what it means. */
export function keys({ schema }) {
  const rows = rowsOf(z.toJSONSchema(schema, { io: 'input' }), '')
  return rows.length === 0 ? 'No keys.' : `| key | default | |\n| --- | --- | --- |\n${rows.join('\n')}`
}

function rowsOf({ properties, required = [] }, before) {
  return Object.entries(properties)
    .filter(([key]) => key !== 'type')
    .flatMap(([key, property]) => [
      `| \`${before}${key}\` | ${defaultOf(property, required.includes(key))} | ${meaning(property)} |`,
      ...(property.properties ? rowsOf(property, `${before}${key}.`) : []),
    ])
}

const defaultOf = ({ default: value }, required) => {
  if (value === undefined) return required ? 'must be given' : 'absent'
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

const meaning = ({ description, enum: words }) =>
  words ? `${description} (${words.map((word) => `\`${word}\``).join(', ')})` : description
