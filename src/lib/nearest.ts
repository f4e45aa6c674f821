/** The nearest valid word, for messages: "unknown effect 'rset', did you mean 'reset'?" */
import { closest, distance } from 'fastest-levenshtein'

/** The word of `valid` that `word` most likely meant, or undefined when none is near. */
export function nearest(word: string, valid: readonly string[]): string | undefined {
  if (valid.length === 0) return undefined
  const best = closest(word, valid as string[])
  const limit = Math.max(1, Math.floor(Math.max(word.length, best.length) / 2.5))
  return distance(word.toLowerCase(), best.toLowerCase()) <= limit ? best : undefined
}

/** ` Did you mean "reset"?` or, when nothing is near, ` Expected one of: …`. */
export function suggestion(word: string, valid: readonly string[]): string {
  const near = nearest(word, valid)
  if (near !== undefined) return `did you mean "${near}"?`
  return valid.length === 0 ? 'none is possible here' : `expected one of: ${valid.join(', ')}`
}
