/** Plays a timeline in the core alone, at the moments at which its steps were played at a proxy. */

import type { Failure, Manner } from '../../../src/core/failure.js'
import { type BalancerConfig, balancers, createBalancer } from '../../../src/core/proxy/balancers/index.js'
import type { Forward, ForwardAction } from '../../../src/core/proxy/forward.js'
import { type Balanced, createForward } from '../../../src/core/proxy/forwards/nginx.js'
import { Server, serverSchema } from '../../../src/core/proxy/server.js'
import { groupServers } from '../../../src/core/proxy/servers.js'
import { chanceFrom } from '../../../src/lib/random.js'
import type { Ask, Fate, Timeline } from './timeline.js'

export interface Decided {
  /** The servers that each asking step met, in order. */
  met: number[][]
  /** The status of a response that was passed on; undefined: none was. */
  status: (number | undefined)[]
}

export const serverInput = (server: Timeline['servers'][number]) => {
  const { dead: _, fail_timeout, ...rest } = server
  return { ...rest, fail_timeout: `${fail_timeout}s` }
}

export const balancerInput = ({ kind, key }: Timeline) =>
  kind === 'hash' || kind === 'consistent_hash' ? { type: kind, key } : { type: kind }

function shared(timeline: Timeline, names: readonly string[]): Balanced {
  const servers = groupServers(
    timeline.servers.map((server, index) => {
      return new Server(index, names[index]!, serverSchema.parse(serverInput(server)), 1000)
    }),
  )
  const config = balancers[timeline.kind].schema.parse(balancerInput(timeline)) as BalancerConfig
  const { nextUpstream, tries } = timeline
  return {
    config: { nextUpstream, tries, timeoutMs: undefined, mayWait: false, tellsLast: false },
    servers,
    balancer: createBalancer(config, servers, chanceFrom(1)),
  }
}

/** @param at when each step was played, in milliseconds */
export function decide(timeline: Timeline, names: readonly string[], at: readonly number[]): Decided {
  const balanced = shared(timeline, names)
  const decided: Decided = { met: [], status: [] }
  const held = new Map<number, Forward>()
  for (const [index, step] of timeline.steps.entries()) {
    const now = at[index]!
    if (step.do === 'release') {
      held.get(step.step)?.done(now)
      continue
    }
    const forward = createForward(balanced, requestOf(step))
    const met: number[] = []
    let action: ForwardAction | undefined = forward.start(now)
    let status: number | undefined
    while (action?.do === 'try') {
      const { server } = action
      met.push(server)
      status = undefined
      const fate = timeline.servers[server]!.dead ? 'refused' : step.fates[server]!
      if (typeof fate === 'number') {
        status = fate
        action = forward.answered(fate, true, now)
      } else action = forward.failed(failed(fate), now)
    }
    if (action) status = undefined
    else if (status === 200 && step.hold) held.set(index, forward)
    else forward.done(now)
    decided.met[index] = met
    decided.status[index] = status
  }
  return decided
}

function failed(fate: 'refused' | Exclude<Fate, number>) {
  const manner: Manner = fate === 'refused' ? 'refused' : fate === 'close' ? 'closed' : 'http'
  const failure: Failure = { type: 'connection_terminated', stage: 'response_head', manner, details: fate }
  return { failure, requestWritten: fate !== 'refused', replayable: true, responseBegun: false, reused: false }
}

function requestOf({ method, path, client }: Ask) {
  const key = /k=(\d+)/.exec(path)?.[1]
  return { method, path, client, header: (name: string) => (name === 'x-key' ? key : undefined) }
}
