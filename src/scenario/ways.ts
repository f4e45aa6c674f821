/** From a scenario, who can send to whom and who tells of it, for the agreement of counts. run.ts calls it. */
import type { ClientWay, Ways } from '../journal/ledger/ways.js'
import type { ClientConfig } from './clients.js'
import type { Hop } from './hops.js'
import type { Scenario } from './schema.js'

type Hops = Scenario['hops']

/** @param stranger who stands at which hop in the place of the rig's own proxy, and whether it tells of its requests */
export function waysOf(
  { hops, clients }: Pick<Scenario, 'hops' | 'clients'>,
  stranger?: { hop: string; tells: boolean },
): Ways {
  const tells = (hop: string): boolean => stranger?.hop !== hop || stranger.tells
  const readers = Object.keys(hops).filter((name) => hops[name]!.kind !== 'waf')
  const behind = stranger && !stranger.tells ? edgesOf(stranger.hop, hops).map(([, reader]) => reader) : []
  return {
    readers: Object.fromEntries(readers.map((name) => [name, tells(name)])),
    through: throughOf(hops, clients),
    clients: Object.fromEntries(Object.entries(clients).map(([name, config]) => [name, wayOf(config, hops)])),
    behindStranger: behind,
  }
}

/** Who reads what is sent to that hop: a waf passes all of it on. */
function readerOf(name: string, hops: Hops): string {
  const hop = hops[name]!
  return hop.kind === 'waf' ? readerOf(hop.to, hops) : name
}

/** Of a proxy, a gateway or a waf: the name of each next hop, and who reads what is sent there; another hop may have the port. */
function edgesOf(name: string, hops: Hops): [to: string, reader: string][] {
  const hop: Hop = hops[name]!
  if (hop.kind === 'origin') return []
  if (hop.kind === 'waf') return [[hop.to, readerOf(hop.to, hops)]]
  if (hop.kind === 'gateway') return hop.to.map((to) => [to, readerOf(to, hops)])
  return hop.to.flatMap(({ hop: to, port }): [string, string][] =>
    typeof port === 'number' ? [] : [[to, readerOf(port ?? to, hops)]],
  )
}

function throughOf(hops: Hops, clients: Scenario['clients']): Record<string, string> {
  const links = Object.keys(hops).flatMap((name) =>
    edgesOf(name, hops).map(([to, reader]) => [`${name}->${to}`, reader] as const),
  )
  const entries = Object.entries(clients).map(([name, { to, through }]) => {
    const first = through ? endpointOf(through) : to
    return [`${name}->${first}`, readerOf(first, hops)] as const
  })
  const wafs = Object.keys(hops).filter((name) => hops[name]!.kind === 'waf')
  return Object.fromEntries([...links, ...entries, ...wafs.map((name) => [name, readerOf(name, hops)] as const)])
}

/** Where a client takes its gateway to be: a mistake in its settings may name another hop's port. */
const endpointOf = ({ gateway, port }: NonNullable<ClientConfig['through']>): string =>
  typeof port === 'string' ? port : gateway

function wayOf(config: ClientConfig, hops: Hops): ClientWay {
  const { to, through, fallback, request, load } = config
  const endpoint = through && endpointOf(through)
  const asks = through?.form === 'connect'
  const tunnels = asks && endpoint === through.gateway
  const first = endpoint === undefined || tunnels ? to : endpoint
  const ownId = Object.keys(request.headers).some((name) => name.toLowerCase() === 'x-request-id')
  return {
    to: [first, ...(fallback ? [fallback.to] : [])].map((name) => readerOf(name, hops)),
    behindTunnel: tunnels ? readerOf(to, hops) : undefined,
    // What saturates in the background journals no request of its own; who is no gateway may not read all of the asking.
    tells: request.raw === undefined && !ownId && !('saturate' in load) && !(asks && !tunnels),
  }
}
