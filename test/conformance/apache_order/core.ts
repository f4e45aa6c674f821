/** Plays a timeline in the core alone: its own clock, on which nothing takes time. */
import type { Failure } from '../../../src/core/failure.js'
import { createBalancer } from '../../../src/core/proxy/balancers/index.js'
import type { Forward, ForwardAction } from '../../../src/core/proxy/forward.js'
import { createForwarding, forwards } from '../../../src/core/proxy/forwards/index.js'
import { passiveHealth, watchServers } from '../../../src/core/proxy/passive_health/index.js'
import { Server, serverSchema } from '../../../src/core/proxy/server.js'
import { groupServers } from '../../../src/core/proxy/servers.js'
import { chanceFrom } from '../../../src/lib/random.js'
import type { Fate } from '../order/timeline.js'
import type { Ask, Timeline } from './timeline.js'

export interface Decided {
  /** The servers to which no connection could be made, in order. */
  dead: number[]
  /** The server that got the request. */
  met: number[]
  status: number
  /** There was no server to ask. */
  none: boolean
}

export function decide(timeline: Timeline): (Decided | undefined)[] {
  const { max_attempts, force_recovery, fail_on_status } = timeline
  const servers = groupServers(
    timeline.servers.map(({ weight, backup, down, max_conns, forgiven }, index) => {
      const max_fails = forgiven ? 0 : 1
      const config = serverSchema.parse({ weight, backup, down, max_conns, max_fails, fail_timeout: '1h' })
      return new Server(index, `s${index}`, config)
    }),
  )
  const chance = chanceFrom(1)
  const health = { type: 'apache' as const, force_recovery, fail_on_status }
  watchServers(passiveHealth.apache.schema.parse(health), servers, chance)
  const begin = createForwarding(forwards.apache.schema.parse({ type: 'apache', max_attempts }), {
    config: { nextUpstream: [], tries: 0, timeoutMs: undefined, mayWait: false, tellsLast: true },
    servers,
    balancer: createBalancer({ type: 'round_robin' }, servers, chance),
    balance: 'round_robin',
    mayWait: false,
    tellsLast: true,
    connectMs: 60_000,
    chance,
  })
  const held = new Map<number, Forward>()
  return timeline.steps.map((step, index) => {
    if (step.do === 'release') return void held.get(step.step)?.done(index)
    const forward = begin({ method: 'GET', path: '/', client: '127.0.0.1', header: () => undefined })
    const { decided, holds } = carryOut(forward, step, timeline, index)
    if (holds) held.set(index, forward)
    else forward.done(index)
    return decided
  })
}

function carryOut(forward: Forward, step: Ask, timeline: Timeline, now: number): { decided: Decided; holds: boolean } {
  const decided: Decided = { dead: [], met: [], status: 503, none: false }
  let action: ForwardAction = forward.start(now)
  while (action.do === 'try' || action.do === 'pass') {
    if (action.do === 'pass') {
      action = forward.start(now)
      continue
    }
    const { server } = action
    const fate = timeline.servers[server]!.dead ? 'refused' : step.fates[server]!
    if (fate === 'refused') decided.dead.push(server)
    else decided.met.push(server)
    if (typeof fate === 'number') {
      decided.status = fate
      forward.answered(fate, true, now)
      return { decided, holds: fate === 200 && step.hold }
    }
    if (fate !== 'refused') decided.status = 502
    action = forward.failed(failed(fate), now)
  }
  decided.none = action.do === 'answer' && action.failure.type === 'destination_unavailable'
  return { decided, holds: false }
}

function failed(fate: 'refused' | Exclude<Fate, number>) {
  const refused = fate === 'refused'
  const failure: Failure = {
    type: refused ? 'connection_refused' : 'connection_terminated',
    stage: refused ? 'connect' : 'response_head',
    manner: refused ? 'refused' : 'closed',
    details: fate,
  }
  return { failure, requestWritten: !refused, replayable: true, responseBegun: false, reused: false }
}
