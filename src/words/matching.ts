/** Which words of which product stand in a text, and where: the longer one goes before what is only a part of it. explain.ts asks. */
import type { Product, Word } from './product.js'
import { type ProductName, products } from './products/index.js'

export interface Hit {
  product: ProductName
  word: Word
  start: number
  end: number
}

/** Of one product; a word within another one's place in the text is left out. */
export function hitsIn(product: ProductName, text: string): Hit[] {
  const { words }: Product = products[product]
  const hits = words.flatMap((word) => {
    const found = placeOf(word, text)
    return found ? [{ product, word, ...found }] : []
  })
  return firstAt(spansOf(hits))
}

/** Those that are no part of a longer one. */
export const spansOf = (hits: readonly Hit[]): Hit[] =>
  hits.filter((hit) => !hits.some((other) => contains(other, hit)))

const contains = (one: Hit, other: Hit): boolean =>
  one.start <= other.start && one.end >= other.end && one.end - one.start > other.end - other.start

/** Two words of one product at the very same place: the table has the more exact one first. A text within several words is all of them. */
function firstAt(hits: readonly Hit[]): Hit[] {
  return hits.filter((hit, index) => {
    const before = hits.slice(0, index).some(({ start, end }) => start === hit.start && end === hit.end)
    return !before || isPart(hit.word, hit)
  })
}

const isPart = ({ word }: Word, { start, end }: Hit): boolean =>
  end - start < word.replaceAll('…', '').length && start === 0

function placeOf(word: Word, text: string): { start: number; end: number } | undefined {
  const found = patternOf(word).exec(text)
  if (found) return { start: found.index, end: found.index + found[0].length }
  const part = isPhrase(text) && text.length >= 8 && word.word.toLowerCase().includes(text.toLowerCase())
  return part ? { start: 0, end: text.length } : undefined
}

/** A word of a log line is in too many of them to say anything. */
export const isPhrase = (text: string): boolean => /\S\s+\S/.test(text)

const patterns = new Map<Word, RegExp>()

function patternOf(word: Word): RegExp {
  const known = patterns.get(word) ?? word.pattern ?? literal(word.word)
  patterns.set(word, known)
  return known
}

/** The word as it is, `…` for anything; in a sentence upper and lower case are one. */
function literal(word: string): RegExp {
  const parts = word.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  const [head, tail] = [/^\w/.test(word) ? '(?<!\\w)' : '', /\w$/.test(word) ? '(?!\\w)' : '']
  return new RegExp(`${head}${parts.join('.*?')}${tail}`, isPhrase(word) ? 'is' : 's')
}
