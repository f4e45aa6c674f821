/**
 * What no schema can say of clients: hops that must exist, requests that can't be, ids that two requests would share.
 * references.ts calls it.
 */
import { type Finding, wrongKey, wrongValue } from './finding.js'
import { findLoadProblems } from './load_references.js'
import { namesOf, unknownName } from './names.js'
import type { ClientOutline, HopOutline, Outline, Reference } from './outline.js'
import { findThroughProblems } from './through_references.js'

export function findClientProblems({ clients = [], hops }: Outline): Finding[] {
  const named = hops
    ? clients.flatMap((client) => [
        ...nameOfHop(client, hops),
        ...namedBy(client).flatMap((hop) => unknownName('hop', hop, namesOf(hops))),
      ])
    : []
  const own = clients.flatMap((client) => [
    ...impossibleRequest(client),
    ...endlessRetries(client),
    ...uselessFallback(client),
    ...reusedIds(client),
    ...findLoadProblems(client),
    ...findThroughProblems(client, hops),
  ])
  return [...named, ...own, ...clients.flatMap((client, index) => takenId(client, clients.slice(0, index)))]
}

const namedBy = ({ to, fallback }: ClientOutline): Reference[] => [to, fallback].filter((hop) => hop !== undefined)

/** The hops that it dials: a fallback is asked straight. */
export const hopsOf = ({ to, through, fallback }: ClientOutline): Reference[] =>
  [through ? through.gateway : to, fallback].filter((hop) => hop !== undefined)

const uselessFallback = ({ to, through, fallback }: ClientOutline): Finding[] =>
  fallback && !through && fallback.name === to?.name
    ? [wrongValue(fallback.path, `"${fallback.name}" is the hop that it asks anyway: expected another one`)]
    : []

/** What is counted at a server is counted by these: each names one request, or one operation. */
const reusedIds = ({ ids, keyed, sendsMany }: ClientOutline): Finding[] =>
  ids.flatMap(({ header, path }) => {
    const isKey = header.toLowerCase() === 'idempotency-key'
    if (isKey && keyed) return [wrongKey(path, 'idempotency_key sends one already: expected one or the other')]
    if (!sendsMany) return []
    const instead = isKey ? 'idempotency_key: true' : 'none, since each gets its own'
    return [
      wrongKey(path, `all requests of the client would carry the same ${header}: expected ${instead}, or one request`),
    ]
  })

function takenId({ ids }: ClientOutline, earlier: readonly ClientOutline[]): Finding[] {
  const isId = ({ header }: { header: string }) => header.toLowerCase() === 'x-request-id'
  return ids.filter(isId).flatMap(({ value, path }) => {
    const first = earlier.find((other) => value !== undefined && other.ids.some((id) => isId(id) && id.value === value))
    return first ? [wrongValue(path, `the request id "${value}" is taken by the client "${first.name}"`)] : []
  })
}

const nameOfHop = ({ name, path }: ClientOutline, hops: readonly HopOutline[]): Finding[] =>
  namesOf(hops).includes(name) ? [wrongKey(path, `"${name}" is a hop: a link would not tell which of the two`)] : []

const endlessRetries = ({ endless, path }: ClientOutline): Finding[] =>
  endless
    ? [
        wrongValue(
          [...path, 'retry', 'attempts'],
          'a policy without a bound: with unlimited attempts it needs a deadline',
        ),
      ]
    : []

/** One body, framed only where there is one, and nothing beside raw bytes. */
function impossibleRequest({ request: keys, path }: ClientOutline): Finding[] {
  const at = (key: string, message: string) => wrongKey([...path, 'request', key], message)
  if (keys.includes('raw')) {
    return keys.filter((key) => key !== 'raw').map((key) => at(key, `raw is the whole request: "${key}" has no use`))
  }
  if (keys.includes('body') && keys.includes('size')) return [at('size', 'a request takes a body or a size, not both')]
  const bodiless = !keys.includes('body') && !keys.includes('size')
  return bodiless && keys.includes('framing')
    ? [at('framing', 'there is no body to frame: expected a body or a size')]
    : []
}
