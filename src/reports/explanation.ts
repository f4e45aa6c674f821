/**
 * What a product's words mean, as text: by product its meaning and the causes, or, of a status that everybody has, by what
 * went wrong; and who says something else about the same. `badgateway explain` prints it; it looks nothing up itself.
 */
import type { Elsewhere, Explanation, Mishap, ProductName } from '../words/index.js'
import { mishaps, products } from '../words/index.js'
import type { Palette } from './text.js'

/** @param titles of the causes of the catalogue, by id */
export function explanationLines(
  explanations: readonly Explanation[],
  titles: ReadonlyMap<string, string>,
  colors: Palette,
): string[] {
  const status = statusAsked(explanations)
  const lines =
    status === undefined ? byProduct(explanations, titles, colors) : byMishap(status, explanations, titles, colors)
  return [
    ...lines,
    '',
    'badgateway explain <id> tells of a cause and shows a run of it; badgateway run <id> replays it.',
  ]
}

/** The same status from several: no product's words say which of its meanings it is. */
const statusAsked = (explanations: readonly Explanation[]): string | undefined => {
  const words = explanations.flatMap((each) => each.words.map(({ word }) => word))
  const [first] = words
  return first !== undefined && /^\d{1,3}$/.test(first) && words.every((word) => word === first) ? first : undefined
}

function byProduct(
  explanations: readonly Explanation[],
  titles: ReadonlyMap<string, string>,
  colors: Palette,
): string[] {
  const told = explanations.flatMap(({ title, words, causes }) => [
    ...words.map(({ word, says }) => `${colors.bold(`${title}: ${word}`)}\n  ${says}`),
    ...causeLines(causes, titles),
    `  ${colors.dim('look at')}  ${words.map(({ next }) => next).join(' ')}`,
    `  ${colors.dim('source')}   ${[...new Set(words.map(({ source }) => source))].join('; ')}`,
    '',
  ])
  const rows = unique(explanations.flatMap((each) => each.elsewhere))
  return [
    ...told.flatMap((text) => text.split('\n')),
    colors.bold('What the client gets then'),
    ...rows.flatMap((row) => [`  ${row.summary}`, `    ${saidBy(row)}`]),
  ]
}

/** As many with their titles; the others by their ids. */
const TITLED = 8

function causeLines(causes: Explanation['causes'], titles: ReadonlyMap<string, string>): string[] {
  const most = Math.max(0, ...causes.map(({ agrees }) => agrees))
  const first = causes.filter(({ agrees }) => agrees === most).slice(0, TITLED)
  const others = causes.filter((cause) => !first.includes(cause)).map(({ id }) => id)
  const width = Math.max(0, ...first.map(({ id }) => id.length))
  return [
    `  ${causes.length === 1 ? 'one cause' : `${causes.length} causes`} of the catalogue, the likeliest first`,
    ...first.map(({ id }) => `    ${id.padEnd(width)}  ${titles.get(id) ?? ''}`),
    ...(others.length > 0 ? [`    then ${others.join(', ')}`] : []),
  ]
}

function byMishap(
  status: string,
  explanations: readonly Explanation[],
  titles: ReadonlyMap<string, string>,
  colors: Palette,
): string[] {
  const ids = new Set(explanations.flatMap(({ causes }) => causes.map(({ id }) => id)))
  const rows = unique(explanations.flatMap((each) => each.elsewhere))
  const found = rows.flatMap((row) => {
    const named: readonly string[] = mishaps[row.mishap].causes
    const [only] = named
    const shown = named.length === 1 ? `${only}  ${titles.get(only!) ?? ''}` : named.join(', ')
    return [colors.bold(`  ${row.summary}`), `    ${saidBy(row)}`, `    causes: ${shown}`]
  })
  return [
    colors.bold(
      `${status}: ${ids.size === 1 ? 'one cause' : `${ids.size} causes`} of the catalogue, by what went wrong`,
    ),
    ...found,
    '',
    colors.bold('Where each says which it was'),
    ...explanations.map(({ title, product }) => `  ${title}: ${products[product as ProductName].next}`),
  ]
}

/** `502 nginx, Caddy; 503 HAProxy, Envoy; 521 Cloudflare`; a server's own answer has one status everywhere. */
const saidBy = ({ mishap, statuses }: Elsewhere): string => {
  if (mishap.startsWith('passed_')) return 'passed on by all of them'
  const said = Object.entries(statuses).map(([status, who]) => `${wordOf(status)} ${who.join(', ')}`)
  return said.length > 0 ? said.join('; ') : 'no status'
}

const STATUS_WORDS: Readonly<Record<string, string>> = {
  none: 'no answer:',
  accepted: 'accepted by',
}

const wordOf = (status: string): string => STATUS_WORDS[status] ?? status

const unique = (rows: readonly Elsewhere[]): Elsewhere[] => [
  ...new Map<Mishap, Elsewhere>(rows.map((row) => [row.mishap, row])).values(),
]
