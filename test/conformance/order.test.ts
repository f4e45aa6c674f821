/**
 * The order of servers is nginx's, request by request: timelines drawn from a seed are played at the real nginx and at
 * the mini proxy, in front of the same servers, and decided by the core for the moments at which each of them was asked.
 * What a busy machine made doubtful is played again, less of it at once.
 */
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { createScope } from '../../src/lib/scope.js'
import { deadPort, startBackends } from './order/backends.js'
import { decide } from './order/core.js'
import { startMini } from './order/mini.js'
import { nginxVersion, startNginx } from './order/nginx.js'
import { type Entrance, type Played, play } from './order/play.js'
import { drawTimeline, kinds, type Timeline } from './order/timeline.js'

const SEED = Number(process.env.ORDER_SEED ?? 20_221_019)
const COUNT = Number(process.env.ORDER_COUNT ?? 240)
/** At once, as long as the machine keeps up. */
const MOST_AT_ONCE = 120
const MOST_ROUNDS = 12

/** The nginx whose order is meant; others count otherwise here and there. */
const MEANT = '1.22.1'
const version = nginxVersion()
const install = `nginx ${MEANT} is not installed${version ? ` but ${version}` : ''}: apt-get install nginx`
const skip = version !== MEANT && process.env.NO_SKIP !== '1' && install

t.test('servers are met in the order of nginx', { skip }, async (t) => {
  t.equal(version, MEANT, 'the version of nginx')
  const left = Array.from({ length: COUNT }, (_, number) => drawTimeline(SEED, number))
  const counts = new Map<string, number>(kinds.map((kind) => [kind, 0]))
  let requests = 0
  let atOnce = MOST_AT_ONCE
  for (let round = 1; left.length > 0 && round <= MOST_ROUNDS; round++) {
    const batch = left.splice(0, atOnce)
    const results = await playAll(batch, round)
    let misplaced = 0
    for (const [index, result] of results.entries()) {
      const timeline = batch[index]!
      if (result.nginx.misplaced || result.mini.misplaced) {
        left.push(timeline)
        misplaced++
        continue
      }
      counts.set(timeline.kind, counts.get(timeline.kind)! + 1)
      requests += timeline.steps.filter((step) => step.do === 'ask').length
      compare(t, timeline, result)
    }
    if (misplaced > 0) atOnce = Math.max(10, Math.floor(atOnce / 2))
  }
  t.equal(left.length, 0, `timelines that this machine was too busy to place in ${MOST_ROUNDS} rounds`)
  t.comment(`${requests} requests; timelines: ${JSON.stringify(Object.fromEntries(counts))}`)
})

interface Result {
  nginx: Played
  mini: Played
  /** What each side's requests met, by step, and what servers say of it. */
  met: { nginx: number[][]; mini: number[][]; seenOfNginx: number[][]; seenOfMini: number[][] }
  names: string[]
}

async function playAll(batch: readonly Timeline[], round: number): Promise<Result[]> {
  const scope = createScope()
  const backends = await startBackends(5)
  scope.add(() => backends.close())
  const portsOf = ({ servers }: Timeline) =>
    servers.map(({ dead }, index) => (dead ? deadPort(index) : backends.ports[index]!))
  const namesOf = (timeline: Timeline) => portsOf(timeline).map((port) => `127.0.0.1:${port}`)
  try {
    const nginx = await startNginx(batch, namesOf)
    scope.add(() => nginx.close())
    const mini = await startMini(batch, portsOf)
    scope.add(() => mini.close())
    const first = Math.ceil(Date.now() / 1000) * 1000
    const played = await Promise.all(
      batch.map(async (timeline, index) => {
        const startAt = first + Math.floor((index / batch.length) * 600)
        const host = () => `${timeline.id}.test`
        const at = (name: string, port: number): Entrance => ({ name: `${name}${round}`, port, host })
        const sides = [at('nginx', nginx.port), at('mini', mini.portOf(timeline))]
        return Promise.all(sides.map((entrance) => play(timeline, entrance, backends, startAt)))
      }),
    )
    const journaled = mini.met()
    return batch.map((timeline, index) => {
      const [atNginx, atMini] = played[index] as [Played, Played]
      const names = namesOf(timeline)
      const dead = (server: number) => timeline.servers[server]!.dead
      const asked = (ids: string[], of: (id: string, step: number) => number[]) =>
        timeline.steps.map((step, at) => (step.do === 'ask' ? of(ids[at]!, at) : []))
      return {
        nginx: atNginx,
        mini: atMini,
        names,
        met: {
          nginx: asked(atNginx.id, (_id, at) => serversIn(atNginx.upstream[at]!, names, timeline.id)),
          mini: asked(atMini.id, (id) => journaled.get(id) ?? []),
          seenOfNginx: asked(atNginx.id, (id) => backends.met(id).filter((server) => !dead(server))),
          seenOfMini: asked(atMini.id, (id) => backends.met(id).filter((server) => !dead(server))),
        },
      }
    })
  } finally {
    await scope.close()
  }
}

/** $upstream_addr as servers; where none was live, nginx names the group. */
function serversIn(upstream: string, names: readonly string[], group: string): number[] {
  const addresses = upstream.split(', ').filter((address) => address !== '' && address !== group)
  return addresses.map((address) => names.indexOf(address))
}

function compare(t: Test, timeline: Timeline, { nginx, mini, met, names }: Result): void {
  const decided = { nginx: decide(timeline, names, nginx.at), mini: decide(timeline, names, mini.at) }
  const alive = (servers: number[]) => servers.filter((server) => !timeline.servers[server]!.dead)
  const differences = timeline.steps.flatMap((step, at) => {
    if (step.do !== 'ask') return []
    const wanted = {
      nginx: met.nginx[at]!,
      mini: decided.mini.met[at]!,
      status: nginx.status[at]!,
      seenOfNginx: alive(met.nginx[at]!),
      seenOfMini: alive(met.mini[at]!),
    }
    const told = {
      nginx: decided.nginx.met[at],
      mini: met.mini[at],
      status: decided.nginx.status[at] ?? 502,
      seenOfNginx: met.seenOfNginx[at],
      seenOfMini: met.seenOfMini[at],
    }
    return isDeepStrictEqual(told, wanted) ? [] : [{ step: at, wanted, told }]
  })
  t.strictSame(differences.slice(0, 2), [], `${timeline.kind}: seed ${SEED}, timeline ${timeline.id}`)
  if (differences.length > 0) t.comment(JSON.stringify(timeline))
}
