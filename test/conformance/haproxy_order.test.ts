/**
 * Who is asked when is as in HAProxy, request by request: timelines drawn from a seed are played at the real HAProxy, and
 * decided by the core. Compared are the servers that each request met, how often it was retried, where it ended, and the status.
 * Where a busy machine kept HAProxy from a connection for too long, the timeline is played again.
 */
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { createScope } from '../../src/lib/scope.js'
import { type Decided, decide } from './haproxy_order/core.js'
import { CONNECT_MS, haproxyVersion, type Logged, startHaproxy } from './haproxy_order/haproxy.js'
import { play } from './haproxy_order/play.js'
import { drawTimeline, type Timeline } from './haproxy_order/timeline.js'
import { deadPort, startBackends } from './order/backends.js'

const SEED = Number(process.env.ORDER_SEED ?? 20_230_331)
const COUNT = Number(process.env.ORDER_COUNT ?? 240)
/** Of one HAProxy; most of their time is its pauses. */
const AT_ONCE = 40

/** The HAProxy whose order is meant; others count otherwise here and there. */
const MEANT = '2.6.12'
const version = haproxyVersion()
const install = `HAProxy ${MEANT} is not installed${version ? ` but ${version}` : ''}: apt-get install haproxy`
const skip = version !== MEANT && process.env.NO_SKIP !== '1' && install

/** So often, as long as the machine is too busy. */
const MOST_ROUNDS = 24

interface Row {
  /** The limit for connecting ran out, though every living server takes connections at once. */
  disturbed: boolean
  wanted: unknown
  told: unknown
}

t.test('servers are met in the order of HAProxy', { skip }, async (t) => {
  t.equal(version, MEANT, 'the version of HAProxy')
  const left = Array.from({ length: COUNT }, (_, number) => drawTimeline(SEED, number))
  let [rows, equal] = [0, 0]
  for (let round = 1; left.length > 0 && round <= MOST_ROUNDS; round++) {
    for (const [timeline, found] of await playAll(left.splice(0))) {
      if (found.some(({ disturbed }) => disturbed)) {
        left.push(timeline)
        continue
      }
      const different = found.filter(({ wanted, told }) => !isDeepStrictEqual(wanted, told))
      rows += found.length
      equal += found.length - different.length
      t.strictSame(different.slice(0, 1), [], `seed ${SEED}, timeline ${timeline.id}: ${timeline.balance}`)
      if (different.length > 0) t.comment(JSON.stringify(timeline))
    }
  }
  t.equal(left.length, 0, `timelines that this machine was too busy for in ${MOST_ROUNDS} rounds`)
  t.comment(`${equal} of ${rows} requests equal`)
})

async function playAll(batch: readonly Timeline[]): Promise<[Timeline, Row[]][]> {
  const scope = createScope()
  const backends = await startBackends(5)
  scope.add(() => backends.close())
  const portsOf = ({ servers }: Timeline) =>
    servers.map(({ dead }, index) => (dead ? deadPort(index) : backends.ports[index]!))
  try {
    const haproxy = await startHaproxy(batch, portsOf, backends.ports[0]!)
    scope.add(() => haproxy.close())
    const played: [Timeline, Row[]][] = []
    const longestFirst = batch
      .map((timeline) => ({ timeline, decided: decide(timeline) }))
      .sort((a, b) => pausedMs(b.decided) - pausedMs(a.decided))
    const playNext = async (): Promise<void> => {
      for (let next = longestFirst.shift(); next; next = longestFirst.shift()) {
        const { timeline, decided } = next
        const turn = (server: number, up: boolean) => haproxy.turn(timeline, server, up)
        const { id: ids } = await play(timeline, { name: 'haproxy', at: { socketPath: haproxy.front }, turn }, backends)
        const rows = timeline.steps.map(async (step, at): Promise<Row[]> => {
          if (step.do !== 'ask') return []
          const id = ids[at]!
          const seen = { met: backends.met(id), ...(await haproxy.logged(id)) }
          // Its limit for connecting ran out, at the last server or at one before.
          const disturbed = seen.termination === 'sC' || seen.connectMs >= decided[at]!.pausedMs + CONNECT_MS
          return [{ disturbed, wanted: asSeen(seen), told: asDecided(decided[at]!, timeline) }]
        })
        played.push([timeline, (await Promise.all(rows)).flat()])
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, playNext))
    return played
  } finally {
    await scope.close()
  }
}

const pausedMs = (decided: readonly (Decided | undefined)[]): number =>
  decided.reduce((sum, step) => sum + (step?.pausedMs ?? 0), 0)

const asSeen = ({ met, status, server, retries, termination }: Logged & { met: number[] }) => {
  const last = termination === 'sQ' ? 'queue' : server === '<NOSRV>' ? 'none' : server
  return { met, retries: last === server ? retries : undefined, last, status }
}

function asDecided({ met, status, ended }: Decided, { servers }: Timeline) {
  const server = `s${met.at(-1)}`
  const last = ended ?? server
  return {
    met: met.filter((server) => !servers[server]!.dead),
    retries: last === server ? met.length - 1 : undefined,
    last,
    status: status ?? (last !== server || servers[met.at(-1)!]!.dead ? 503 : 502),
  }
}
