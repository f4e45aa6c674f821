/**
 * How a program is told what to ask for: placeholders in its arguments, and the same in its environment. A program sets
 * no X-Request-Id unless it is told to, so each call has a path of its own by which servers know it. command.ts calls the
 * one half, the rig of an audit (audit/marked_rig.ts) the other. Pure.
 */
import type { Call } from '../driver.js'

/** A call, as the placeholders name its parts. */
export interface Telling {
  url: string
  /** Empty for none. */
  proxy: string
  id: string
  key: string
  method: string
}

/** What each becomes in the environment, after BADGATEWAY_. */
const VARIABLES: Readonly<Record<keyof Telling, string>> = {
  url: 'URL',
  proxy: 'PROXY',
  id: 'REQUEST_ID',
  key: 'KEY',
  method: 'METHOD',
}

const PLACEHOLDER = new RegExp(`\\{(${Object.keys(VARIABLES).join('|')})\\}`, 'g')

/** @param id of the call, for a caller who set no X-Request-Id */
export function tellingOf(call: Call, id: string): Telling {
  const header = (name: string): string | undefined =>
    Object.entries(call.headers).find(([given]) => given.toLowerCase() === name)?.[1]
  const own = header('x-request-id') ?? id
  return {
    url: marked(call.url, own),
    proxy: call.proxy ?? '',
    id: own,
    key: header('idempotency-key') ?? own,
    method: call.method,
  }
}

/** Other words in braces stay: JSON has them too. */
export const filledIn = (args: readonly string[], telling: Telling): string[] =>
  args.map((arg) => arg.replace(PLACEHOLDER, (_, name: keyof Telling) => telling[name]))

export const has = (args: readonly string[], name: keyof Telling): boolean =>
  args.some((arg) => arg.includes(`{${name}}`))

/** What a program inherits: without what would send its requests elsewhere, and without words of another call. */
export function environment(inherited: NodeJS.ProcessEnv, telling?: Telling): Record<string, string> {
  const kept = Object.entries(inherited).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^([a-z]+_proxy|badgateway_.*)$/i.test(entry[0]),
  )
  const told = telling
    ? Object.entries(VARIABLES).map(([name, word]) => [`BADGATEWAY_${word}`, telling[name as keyof Telling]])
    : []
  return Object.fromEntries([...kept, ...told])
}

/**
 * The id is the last segment of the path: no shell minds it, and who appends to the URL keeps it. Letters, digits and `~-._`
 * come through any library as they are (RFC 3986 section 2.3).
 */
function marked(url: string, id: string): string {
  const own = new URL(url)
  own.pathname = `${own.pathname.replace(/\/$/, '')}/~${encodeURIComponent(id)}`
  return own.href
}

const MARK = /\/(?:~|%7e)([^/?]+)/i

/** What a server saw as path and query, as they were without the id; undefined where it has none. */
export function unmarked(target: string): { id: string; path: string } | undefined {
  const found = MARK.exec(target)
  if (!found) return undefined
  const path = target.replace(found[0], '')
  try {
    return { id: decodeURIComponent(found[1]!), path: path.startsWith('/') ? path : `/${path}` }
  } catch {
    return undefined
  }
}

/** A pattern of such a path, for requests that have an id in it. */
export function markedPattern(pattern: string): string {
  if (pattern.endsWith('*')) return pattern
  const [path = '', ...query] = pattern.split('?')
  return [`${path.replace(/\/$/, '')}/~*`, ...query].join('?')
}
