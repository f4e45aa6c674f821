/** The mini proxy, once for each timeline, in front of the same servers as nginx. */
import type { JournalEvent } from '../../../src/journal/events.js'
import { startProxy } from '../../../src/live/proxy/proxy.js'
import { startSite } from '../../../src/live/start.js'
import { hopKinds } from '../../../src/scenario/hops.js'
import { balancerInput, serverInput } from './core.js'
import type { Timeline } from './timeline.js'

export interface Mini {
  portOf(timeline: Timeline): number
  /** The servers that each request met, by its id. */
  met(): Map<string, number[]>
  close(): Promise<void>
}

/** @param portsOf where the servers of a timeline are */
export async function startMini(
  timelines: readonly Timeline[],
  portsOf: (timeline: Timeline) => number[],
): Promise<Mini> {
  const journal: JournalEvent[] = []
  const origin = hopKinds.origin.schema.parse({ kind: 'origin' })
  const bare = { id: 'order', hops: {}, faults: [], seed: 1 }
  const site = await startSite(
    bare,
    (event) => void journal.push(event),
    (message) => {
      throw new Error(message)
    },
  )
  const ports = new Map<string, number>()
  for (const timeline of timelines) {
    const names = timeline.servers.map((_, index) => `s${index}`)
    const hop = hopKinds.proxy.schema.parse({
      kind: 'proxy',
      dialect: 'nginx',
      to: timeline.servers.map((server, index) => ({ hop: names[index], ...serverInput(server) })),
      balance: balancerInput(timeline),
      next_upstream: timeline.nextUpstream.length > 0 ? timeline.nextUpstream : 'off',
      tries: timeline.tries,
      keepalive: { connections: 0 },
    })
    const scenario = { ...bare, hops: { lb: hop, ...Object.fromEntries(names.map((name) => [name, origin])) } }
    const at = portsOf(timeline)
    const addressOf = (name: string) => {
      return { hop: name, place: name, host: '127.0.0.1', port: at[names.indexOf(name)]! }
    }
    ports.set(timeline.id, (await startProxy({ ...site, scenario, addressOf }, timeline.id, hop)).port)
  }
  return {
    portOf: ({ id }) => ports.get(id)!,
    met: () =>
      new Map(
        journal
          .filter((event) => event.event === 'forward')
          .map(({ request, tries }) => [request, tries.map(({ server }) => Number(server.slice(1)))]),
      ),
    close: () => site.scope.close(),
  }
}
