/**
 * From a product's words to the causes that can be behind them: a status, a flag, a line of a log, an error's code. What is
 * known of each product is data (products/); this finds what of it stands in a text, and ranks causes by how many of the
 * words found name them. `badgateway explain` asks; it runs nothing and knows no scenario but by its id.
 */
import { nearest } from '../lib/nearest.js'
import { causesOfStatus, type Elsewhere, elsewhere, mishapsOfStatus } from './answers.js'
import { type Hit, hitsIn, spansOf } from './matching.js'
import { type Mishap, mishaps } from './mishaps.js'
import type { Parts, Product, Word } from './product.js'
import { type ProductName, productNames, products } from './products/index.js'

/** What one product means by it. */
export interface Explanation {
  product: ProductName
  title: string
  /** Those found, the most telling first. */
  words: Meaning[]
  /** What may have happened, the likeliest first. */
  mishaps: { name: Mishap; summary: string }[]
  /** Ids of the catalogue, ranked; each is a scenario that replays it. */
  causes: RankedCause[]
  /** What the client gets for the same mishap from each product. */
  elsewhere: Elsewhere[]
}

export interface Meaning {
  word: string
  says: string
  next: string
  source: string
}

export interface RankedCause {
  id: string
  /** So many of the words found, the status among them, can come of it. */
  agrees: number
}

/** By product; empty when nobody knows any of it. */
export function explainWords(text: string): Explanation[] {
  const asked = text.trim().replace(/^(["'`])(.*)\1$/s, '$2')
  const lines = productNames.flatMap((name) => {
    const parts = (products[name] as Product).takeApart?.(asked)
    return parts ? [{ name, parts }] : []
  })
  const known = lines.flatMap(({ name, parts }) => explained(name, hitsOfParts(name, parts), parts.status))
  return known.length > 0 ? known : explainText(asked)
}

/** The nearest thing that somebody says; undefined when nothing is near. */
export const nearestWord = (text: string, more: readonly string[] = []): string | undefined =>
  nearest(text, [...more, ...allWords()])

function allWords(): string[] {
  const said = productNames.flatMap((name) => {
    const { words, statuses }: Product = products[name]
    return [...words.map(({ word }) => word), ...Object.keys(statuses).filter((status) => /^\d+$/.test(status))]
  })
  return [...new Set(said)]
}

const hitsOfParts = (name: ProductName, { words }: Parts): Hit[] => words.flatMap((part) => hitsIn(name, part))

/** No whole line of any product: what of their words stands in it, and a status, which alone is everybody's. */
function explainText(text: string): Explanation[] {
  const hits = spansOf(productNames.flatMap((name) => hitsIn(name, text)))
  const status = statusIn(text)
  const named = [...new Set(hits.map(({ product }) => product))]
  if (named.length > 0) {
    return productNames
      .filter((name) => named.includes(name))
      .flatMap((name) =>
        explained(
          name,
          hits.filter(({ product }) => product === name),
          status,
        ),
      )
  }
  if (status === undefined) return []
  const marked = productNames.filter((name) => (products[name] as Product).mark?.test(text))
  return (marked.length > 0 ? marked : productNames).flatMap((name) => explained(name, [], status))
}

/** At the start, as in a status line; or in a page. */
function statusIn(text: string): string | undefined {
  const start = /^(?:HTTP\/\d(?:\.\d)? +|(?:http )?status(?: code)?[=: ]+)?(\d{3})(?![\d.:\-/])/i.exec(text)
  return start?.[1] ?? /(?:<h1>|<title>|^HTTP\/\d(?:\.\d)? )(\d{3})(?!\d)/im.exec(text)?.[1]
}

function explained(name: ProductName, hits: readonly Hit[], status: string | undefined): Explanation[] {
  const product: Product = products[name]
  const answered = status === undefined ? [] : mishapsOfStatus(product, status)
  if (hits.length === 0 && answered.length === 0) return []
  const told = [...hits].sort((one, other) => other.end - other.start - (one.end - one.start)).map(({ word }) => word)
  const meant = told.length > 0 ? agreed(told, answered) : answered
  const words = told.map((word): Meaning => meaning(word, product))
  if (told.length === 0) words.push(ofStatus(product, status!, answered))
  const names = [...new Set(meant)]
  return [
    {
      product: name,
      title: product.title,
      words,
      mishaps: names.map((mishap) => ({ name: mishap, summary: mishaps[mishap].summary })),
      causes: ranked(told.map(causesOf), answered.length > 0 ? causesOfStatus(answered) : undefined),
      elsewhere: elsewhere(names),
    },
  ]
}

/** Those that most of the words can mean, the status among them. */
function agreed(told: readonly Word[], answered: readonly Mishap[]): Mishap[] {
  const lists = [...told.map((word) => word.mishaps), answered]
  const named = [...new Set(told.flatMap((word) => [...word.mishaps]))]
  const agrees = (mishap: Mishap): number => lists.filter((list) => list.includes(mishap)).length
  const most = Math.max(...named.map(agrees))
  return named.filter((mishap) => agrees(mishap) === most)
}

const meaning = ({ word, says, next, source }: Word, product: Product): Meaning => ({
  word,
  says,
  next,
  source: source ?? product.source,
})

const ofStatus = (product: Product, status: string, answered: readonly Mishap[]): Meaning => ({
  word: status,
  says: `${product.title} answers so when ${answered.map((mishap) => mishaps[mishap].summary).join('; or ')}.`,
  next: product.next,
  source: product.source,
})

/** Those that the word itself names go first. */
export function causesOf({ causes = [], mishaps: meant, only }: Word): string[] {
  if (only) return [...causes]
  return [...new Set([...causes, ...meant.flatMap((mishap) => [...mishaps[mishap].causes])])]
}

/** A status narrows what words name; alone it names all that it can mean. */
function ranked(told: readonly string[][], status: readonly string[] | undefined): RankedCause[] {
  const lists = told.length > 0 ? told : [[...(status ?? [])]]
  const all = status && told.length > 0 ? [...told, status] : lists
  // The narrowest has the likeliest first.
  const ids = [...new Set([...lists].sort((one, other) => one.length - other.length).flat())]
  const agrees = (id: string): number => all.filter((list) => list.includes(id)).length
  return ids
    .map((id, place) => ({ id, agrees: agrees(id), place }))
    .sort((one, other) => other.agrees - one.agrees || one.place - other.place)
    .map(({ id, agrees: count }) => ({ id, agrees: count }))
}
