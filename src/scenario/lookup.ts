/**
 * From how something ended to the scenarios that end so: by status, error type, X-Proxy-Error word, or a line of a
 * proxy's error log. `badgateway explain` calls it; it reads expectations and runs nothing.
 */
import { errorTypes } from '../core/error_types.js'
import type { Scenario } from './schema.js'
import { type Signature, signatureOf } from './signature.js'

export interface Ending<Item> {
  /** What was named, in a few words. */
  title: string
  scenarios: Item[]
}

/** Undefined when no scenario ends so. */
export function findByEnding<Item extends { scenario: Scenario }>(
  named: string,
  loaded: readonly Item[],
): Ending<Item> | undefined {
  const titles: [title: string, endsSo: (signature: Signature) => boolean][] = [
    [`status ${named}`, ({ statuses }) => statuses.map(String).includes(named)],
    [typeTitle(named), ({ types }) => types.includes(named)],
    [`X-Proxy-Error: ${named}`, ({ words }) => words.includes(named)],
    [
      'that line of a log',
      ({ logs }) => isPhrase(named) && logs.some((text) => named.includes(text) || text.includes(named)),
    ],
  ]
  for (const [title, endsSo] of titles) {
    const scenarios = loaded.filter(({ scenario }) => endsSo(signatureOf(scenario)))
    if (scenarios.length > 0) return { title, scenarios }
  }
  return undefined
}

/** Every status, type and word that `findByEnding` knows of these. */
export function endingWords(loaded: readonly { scenario: Scenario }[]): string[] {
  const all = loaded.flatMap(({ scenario }) => {
    const { statuses, types, words } = signatureOf(scenario)
    return [...statuses.map(String), ...types, ...words]
  })
  return [...new Set(all)].sort()
}

/** A word of a log line is in too many of them to say anything. */
export const isPhrase = (named: string): boolean => /\S\s+\S/.test(named)

/** Of an id with a hyphen, or a path, it is known before any scenario is read. */
export const mayBeEnding = (named: string): boolean => /^\w+$/.test(named) || isPhrase(named)

const typeTitle = (named: string): string => {
  const summary = Object.hasOwn(errorTypes, named) ? errorTypes[named as keyof typeof errorTypes].summary : ''
  return `${named} (RFC 9209: ${summary})`
}
