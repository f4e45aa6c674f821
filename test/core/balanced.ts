/** Servers, balancers and requests for the tests of the balancing core: only what a test says differs from the defaults. */
import type { z } from 'zod'
import type { Failure, Manner } from '../../src/core/failure.js'
import {
  type BalancedRequest,
  type BalancerConfig,
  balancers,
  createBalancer,
} from '../../src/core/proxy/balancers/index.js'
import type { FailedTry, Forward } from '../../src/core/proxy/forward.js'
import type { Balanced, ForwardConfig } from '../../src/core/proxy/forwards/nginx.js'
import { Server, serverSchema } from '../../src/core/proxy/server.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { chanceFrom } from '../../src/lib/random.js'

export type ServerInput = z.input<typeof serverSchema>

export const serverOf = (input: ServerInput = {}, index = 0, tickMs = 1): Server =>
  new Server(index, `127.0.0.1:${9000 + index}`, serverSchema.parse(input), tickMs)

export function balancerOf(type: BalancerConfig['type'], more: object = {}): BalancerConfig {
  const key = type === 'hash' || type === 'consistent_hash' ? { key: '$request_uri' } : {}
  return balancers[type].schema.parse({ type, ...key, ...more }) as BalancerConfig
}

interface Input {
  balance?: BalancerConfig
  config?: Partial<ForwardConfig>
  seed?: number
  tickMs?: number
}

export function balancedOf(inputs: ServerInput[], { balance, config, seed = 1, tickMs }: Input = {}): Balanced {
  const servers = groupServers(inputs.map((input, index) => serverOf(input, index, tickMs)))
  const nextUpstream = ['error', 'timeout'] as const
  return {
    config: { nextUpstream, tries: 0, timeoutMs: undefined, mayWait: false, tellsLast: true, ...config },
    servers,
    balancer: createBalancer(balance ?? balancerOf('round_robin'), servers, chanceFrom(seed)),
  }
}

export const requestOf = (more: Partial<BalancedRequest> = {}): BalancedRequest => ({
  method: 'GET',
  path: '/',
  client: '127.0.0.1',
  header: () => undefined,
  ...more,
})

export const failureBy = (manner: Manner): Failure => ({
  type: 'connection_terminated',
  stage: 'connect',
  manner,
  details: manner,
})

export const triedBy = (manner: Manner, more: Partial<FailedTry> = {}): FailedTry => ({
  failure: failureBy(manner),
  requestWritten: false,
  replayable: true,
  responseBegun: false,
  reused: false,
  ...more,
})

/** The server that the request goes to first; undefined: it is answered, or waits. */
export function firstOf(forward: Forward, now = 0): number | undefined {
  const action = forward.start(now)
  return action.do === 'try' ? action.server : undefined
}

const ending = { status: undefined, failure: undefined, reused: false }

/** A try at it failed. True: it is excluded now. */
export const failedAt = (server: Server, now: number): boolean => server.passive.ended(true, ending, now) === 'excluded'

/** A try at it went well. True: it was excluded, and is well again. */
export const succeededAt = (server: Server, now: number): boolean =>
  server.passive.ended(false, ending, now) === 'recovered'
