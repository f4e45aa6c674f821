/** Patterns of scenarios: `/api/*`. Faults match with them, and the lock of an origin's capacity. */
import { z } from 'zod'

export const pattern = (what: string) =>
  z
    .string()
    .min(1)
    .meta({ description: `${what}; * stands for any characters` })

/** `*` stands for any characters; everything else for itself. */
export function like(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false
  const parts = pattern.split('*')
  if (parts.length === 1) return pattern === value
  const [head, tail] = [parts[0]!, parts.at(-1)!]
  if (!value.startsWith(head) || !value.endsWith(tail) || value.length < head.length + tail.length) return false
  let at = head.length
  const end = value.length - tail.length
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
