/**
 * One issue of zod's in our own words: what was expected there. messages.ts calls it and adds what was found. A schema's
 * own words begin with "expected", or they are a whole sentence.
 */
import type { z } from 'zod'

export type Issue = z.core.$ZodIssue

/**
 * To be given to the schema's parse. It silences zod's own words, and since zod shows the schema of an object to this
 * function alone, its valid keys travel in the message.
 */
export const silence: z.core.$ZodErrorMap = ({ code, inst }) =>
  code === 'unrecognized_keys' ? Object.keys((inst as z.ZodObject).shape).join(' ') : ''

/** Of an issue about unknown keys: those that may stand there. */
export const validKeys = (issue: Issue): string[] => issue.message.split(' ')

/** The words that may stand there, where the issue is about words and the schema has no own ones for it. */
export function wordsOf(issue: Issue): string[] | undefined {
  if (issue.message !== '') return undefined
  if (issue.code === 'invalid_value') return issue.values.map(String)
  return issue.code === 'invalid_union' && 'options' in issue ? issue.options?.map(String) : undefined
}

export function expectation(issue: Issue): string {
  if (issue.message !== '') return issue.message
  const words = wordsOf(issue)
  if (words) return words.length === 1 ? `expected ${words[0]}` : `expected one of: ${words.join(', ')}`
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}`
    case 'too_big':
      return `expected at most ${issue.maximum}`
    case 'too_small':
      if (issue.origin === 'string') return 'expected text that is not empty'
      return issue.origin === 'array' ? 'expected a list that is not empty' : `expected at least ${issue.minimum}`
    case 'invalid_union':
      return `expected ${[...new Set(issue.errors.flatMap(formsOf))].join(' or ')}`
    default:
      return 'expected another value'
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

/** Of one branch of a union: what its value itself would have to be. */
const formsOf = (branch: readonly Issue[]): string[] =>
  branch.filter(isMisfit).map((issue) => expectation(issue).replace(/^expected (one of: )?/, ''))

/** The value is of another type or another word, so this branch of a union can't be meant. */
export const isMisfit = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' ||
    issue.code === 'invalid_value' ||
    (issue.code === 'invalid_union' &&
      issue.errors.length > 0 &&
      issue.errors.every((branch) => branch.some(isMisfit))))

/** What to write instead, where that is sure. */
export function remedy(issue: Issue, value: unknown): string {
  if (issue.code !== 'invalid_type' || issue.message !== '') return ''
  if (issue.expected === 'array' && typeof value === 'string') return `, write [${value}]`
  if (issue.expected === 'number' && typeof value === 'string' && /^\d+$/.test(value))
    return `, write ${value} without quotes`
  if (issue.expected !== 'string') return ''
  return typeof value === 'number' || typeof value === 'boolean' ? `, write "${value}" in quotes` : ''
}
