/** Plays a timeline in the core alone: its own clock, on which nothing takes time but pauses. */
import type { Failure, Manner } from '../../../src/core/failure.js'
import { balancers, createBalancer } from '../../../src/core/proxy/balancers/index.js'
import type { Forward, ForwardAction } from '../../../src/core/proxy/forward.js'
import { createForwarding, forwards } from '../../../src/core/proxy/forwards/index.js'
import { passiveHealth, watchServers } from '../../../src/core/proxy/passive_health/index.js'
import { Server, serverSchema } from '../../../src/core/proxy/server.js'
import { groupServers, type Servers } from '../../../src/core/proxy/servers.js'
import { chanceFrom } from '../../../src/lib/random.js'
import type { Fate } from '../order/timeline.js'
import { CONNECT_MS } from './haproxy.js'
import type { Ask, Timeline } from './timeline.js'

export interface Decided {
  /** The servers that the request was tried at, in order. */
  met: number[]
  /** The status of a response that was passed on; undefined: none was. */
  status: number | undefined
  /** It was not at a server that it ended. */
  ended: 'queue' | 'none' | undefined
  pausedMs: number
}

export const forwardingInput = ({ retries, retry_on, redispatch, all_backups }: Timeline) => ({
  type: 'haproxy' as const,
  retries,
  retry_on: retry_on[0] === 'none' ? ('none' as const) : (retry_on as never[]),
  redispatch: redispatch === 0 ? ('off' as const) : redispatch,
  all_backups,
})

export const healthInput = ({ observe }: Timeline) =>
  observe
    ? { type: 'haproxy' as const, observe: observe.layer, error_limit: observe.limit, on_error: observe.on_error }
    : { type: 'haproxy' as const }

export const serverInput = ({ weight, backup, max_conns }: Timeline['servers'][number]) => ({
  weight,
  backup,
  max_conns,
})

const FALL = 3

export function decide(timeline: Timeline): (Decided | undefined)[] {
  const servers = groupServers(
    timeline.servers.map((server, index) => new Server(index, `s${index}`, serverSchema.parse(serverInput(server)))),
  )
  const balance = balancers[`haproxy_${timeline.balance}`]
  const config = balance.schema.parse({ type: `haproxy_${timeline.balance}` })
  const chance = chanceFrom(1)
  watchServers(passiveHealth.haproxy.schema.parse(healthInput(timeline)), servers, chance)
  for (const server of servers.all) hardlyUp(server, timeline)
  const begin = createForwarding(forwards.haproxy.schema.parse(forwardingInput(timeline)), {
    config: { nextUpstream: [], tries: 0, timeoutMs: undefined, mayWait: true, tellsLast: true },
    servers,
    balancer: createBalancer(config, servers, chance),
    balance: config.type,
    mayWait: true,
    tellsLast: true,
    connectMs: CONNECT_MS,
    chance,
  })
  const held = new Map<number, Forward>()
  let now = 0
  return timeline.steps.map((step, index) => {
    now += 1
    if (step.do === 'turn') turn(servers, timeline, step.server, step.up, now)
    else if (step.do === 'release') {
      // Only now the head comes.
      held.get(step.step)?.answered(200, true, now)
      held.get(step.step)?.done(now)
    } else {
      const forward = begin({ method: 'GET', path: '/', client: '127.0.0.1', header: () => undefined })
      const { decided, at } = carryOut(forward, step, timeline, now)
      now = at
      if (decided.status === 200 && step.hold) held.set(index, forward)
      else forward.done(now)
      return decided
    }
    return undefined
  })
}

function carryOut(forward: Forward, step: Ask, timeline: Timeline, now: number): { decided: Decided; at: number } {
  const decided: Decided = { met: [], status: undefined, ended: undefined, pausedMs: 0 }
  let action: ForwardAction | undefined = forward.start(now)
  while (action?.do === 'try' || action?.do === 'pause') {
    if (action.do === 'pause') {
      now += action.ms
      decided.pausedMs += action.ms
      action = forward.start(now)
      continue
    }
    const { server } = action
    decided.met.push(server)
    decided.status = undefined
    const fate = timeline.servers[server]!.dead ? 'refused' : step.fates[server]!
    if (typeof fate === 'number') {
      decided.status = fate
      if (fate === 200 && step.hold) return { decided, at: now }
      action = forward.answered(fate, true, now)
    } else action = forward.failed(failed(fate), now)
  }
  if (action) decided.status = undefined
  if (action?.do === 'wait') decided.ended = 'queue'
  if (action?.do === 'answer' && action.failure.stage === 'select') decided.ended = 'none'
  return { decided, at: now }
}

/** No check has passed yet: the next one that fails is enough. */
function hardlyUp(server: Server, { observe }: Timeline): void {
  if (!observe) return
  server.watched = { state: 'up', failures: FALL - 1 }
  server.thresholds = { rise: 1, fall: FALL }
}

function turn({ all }: Servers, timeline: Timeline, index: number, up: boolean, now: number): void {
  const server = all[index]!
  if (!up) return server.leave()
  server.join(now)
  hardlyUp(server, timeline)
  server.setChecked('up', now)
}

const manners: Record<'refused' | Exclude<Fate, number>, Manner> = {
  refused: 'refused',
  close: 'closed',
  reset: 'reset',
  partial: 'closed',
  invalid: 'http',
  junk: 'http',
}

function failed(fate: keyof typeof manners) {
  const manner = manners[fate]
  const failure: Failure = {
    type: fate === 'partial' ? 'http_response_incomplete' : 'connection_terminated',
    stage: fate === 'refused' ? 'connect' : 'response_head',
    manner,
    details: fate,
  }
  return { failure, requestWritten: fate !== 'refused', replayable: true, responseBegun: false, reused: false }
}
