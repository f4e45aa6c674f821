/**
 * Of a scenario, the proxy and the client that show its cause: read off its expectations, whoever stands in the path. matrix.ts
 * asks; live/proxies/ asks for the clients of a proxy.
 */
import { holds } from '../checks/comparison.js'
import { nextHops } from './hop_names.js'
import type { Scenario } from './schema.js'

export interface Subject {
  /** Undefined where there is no proxy. */
  hop: string | undefined
  /** The one whose answers show the cause. */
  client: string
  /** Those whose requests pass the hop, in the order of the file; all where there is none. */
  clients: string[]
}

/**
 * The proxy that says `under_test`; else the first of which a client is expected to fail, for others may stand in the file to
 * compare with; else the first.
 */
export function subjectOf(scenario: Pick<Scenario, 'hops' | 'clients' | 'expect'>): Subject {
  const { hops, clients, expect } = scenario
  const proxies = Object.entries(hops).flatMap(([name, hop]) => (hop.kind === 'proxy' ? [{ name, ...hop }] : []))
  const marked = proxies.filter(({ under_test }) => under_test)
  const places = (marked.length > 0 ? marked : proxies).map(({ name }) => ({
    hop: name,
    clients: clientsOf(scenario, name),
  }))
  const fails = (client: string): boolean => expect.some((check) => isFailureOf(client, check))
  const place = places.find((one) => one.clients.some(fails)) ??
    places[0] ?? { hop: undefined, clients: Object.keys(clients) }
  return { ...place, client: place.clients.find(fails) ?? place.clients[0] ?? '' }
}

/** Those whose requests that hop may have in hand. */
export function clientsOf({ hops, clients }: Pick<Scenario, 'hops' | 'clients'>, hop: string): string[] {
  const passes = (place: string): boolean => place === hop || nextHops(hops[place]!).some(passes)
  const asking = Object.entries(clients).filter(([, { to, through, fallback }]) =>
    [typeof through?.port === 'string' ? through.port : to, ...(fallback ? [fallback.to] : [])].some(passes),
  )
  return asking.map(([client]) => client)
}

/** Metrics that are above nothing where requests failed. */
const FAILURES = ['gave_up', 'truncated']

function isFailureOf(client: string, check: Scenario['expect'][number]): boolean {
  if (!('client' in check) || check.client !== client) return false
  if ('metric' in check) return FAILURES.includes(check.metric) && !holds(check.is, 0)
  if ('truncated' in check) return !holds(check.truncated, 0)
  if ('status' in check) return check.status >= 400 && !holds(check.count, 0)
  return 'error' in check && !holds(check.count, 0)
}
