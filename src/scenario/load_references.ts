/** What a client's load can't go with: keys that it has no use for, more instances than users. client_references.ts calls it. */
import { type Finding, wrongKey, wrongValue } from './finding.js'
import type { ClientOutline } from './outline.js'

/** What is told to autocannon. Nothing of it is retried, hedged or paced, and nobody waits for an answer. */
const SATURATING = {
  client: ['to', 'load', 'request', 'tls'],
  request: ['method', 'path', 'headers', 'body', 'size'],
}

export function findLoadProblems({ path, keys, request, load }: ClientOutline): Finding[] {
  if ('saturate' in load) {
    const idle = (at: string[], written: readonly string[], used: readonly string[]) =>
      written
        .filter((key) => !used.includes(key))
        .map((key) => wrongKey([...path, ...at, key], `a client that saturates has no use for "${key}"`))
    return [...idle([], keys, SATURATING.client), ...idle(['request'], request, SATURATING.request)]
  }
  const { users, instances } = load
  if (typeof users !== 'number' || typeof instances !== 'number' || instances <= users) return []
  return [wrongValue([...path, 'instances'], `expected at most one for each of the ${users} users; got ${instances}`)]
}
