/** The nearest valid word, for messages: `unknown effect "rset", did you mean "reset"?` */
import { distance } from 'fastest-levenshtein'

/** The word of `valid` that `word` most likely meant, or undefined when none is near. Upper and lower case are one. */
export function nearest(word: string, valid: readonly string[]): string | undefined {
  let best: { candidate: string; away: number } | undefined
  for (const candidate of valid) {
    const away = slipsBetween(word.toLowerCase(), candidate.toLowerCase())
    const limit = Math.floor(Math.max(word.length, candidate.length) / 2.5)
    if ((away === SWAP || away <= limit) && (!best || away < best.away)) best = { candidate, away }
  }
  return best?.candidate
}

/** Two neighbours in the wrong order are one slip, and a small one: it is near even in a word of two letters. */
const SWAP = 0.5

function slipsBetween(word: string, candidate: string): number {
  const first = [...word].findIndex((letter, index) => letter !== candidate[index])
  const swapped = word.slice(0, first) + (word[first + 1] ?? '') + word[first] + word.slice(first + 2)
  return first >= 0 && swapped === candidate ? SWAP : distance(word, candidate)
}

/** `did you mean "reset"?` or, when nothing is near, `expected one of: …`. */
export function suggestion(word: string, valid: readonly string[]): string {
  const near = nearest(word, valid)
  if (near !== undefined) return `did you mean "${near}"?`
  return valid.length === 0 ? 'none is possible here' : `expected one of: ${valid.join(', ')}`
}
