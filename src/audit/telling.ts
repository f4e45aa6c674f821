/** Lines of evidence and the words of findings. Rules call it. */
import type { Answer } from '../clients/driver.js'
import { formatMs } from '../lib/units.js'

/** It has what the caller wanted. A program tells no status: there it is what the server answered last. */
export const isGood = (answer: Answer | undefined): boolean =>
  answer !== undefined && answer.error === undefined && (answer.status === undefined || answer.status === 200)

/** What the caller was given, in a few words: `503`, or what was thrown. */
export function outcomeOf(answer: Answer | undefined): string {
  if (!answer) return 'no answer'
  const { error, status } = answer
  if (!error) return status === undefined ? 'an answer' : `${status}`
  const code = error.code === undefined ? '' : ` (${error.code})`
  const [words = ''] = error.message.split('\n')
  return `${error.name}: ${words.slice(0, 160)}${code}`
}

/** The caller's side, a line. */
export const callerSaw = (answer: Answer | undefined): string =>
  answer ? `the caller got ${outcomeOf(answer)} after ${formatMs(answer.ms)}` : 'the caller has no answer'

export const times = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** Sentences as one. */
export const joined = ([first = '', ...more]: readonly string[]): string =>
  [first, ...more.map((text) => text.charAt(0).toLowerCase() + text.slice(1))].join('; ')

export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
