/** How names that don't exist are told. Both files of reference checks call it. */
import { suggestion } from '../lib/nearest.js'
import { type Finding, wrongValue } from './finding.js'
import type { Reference } from './outline.js'

/** A finding unless the name is one of those that are known. */
export function unknownName(what: string, reference: Reference, known: readonly string[]): Finding[] {
  const { name, path } = reference
  if (known.includes(name)) return []
  const hint = known.length === 0 ? `the scenario has no ${what}` : suggestion(name, known)
  return [wrongValue(path, `unknown ${what} "${name}", ${hint}`)]
}

export const namesOf = (references: readonly { name: string }[]): string[] => references.map(({ name }) => name)

export const article = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`
