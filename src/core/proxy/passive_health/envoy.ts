import { z } from 'zod'
import type { Chance } from '../../../lib/random.js'
import {
  type Outcome,
  OutlierDetection,
  outlierDetectionSchema,
  type Turn as Turned,
} from '../envoy/outlier_detection.js'
import { fateOf } from '../envoy/reset_reason.js'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import type { Ended, PassiveHealth, TellTurn } from './passive_health.js'

const schema = outlierDetectionSchema.safeExtend({ type: z.literal('envoy') })

export const envoy = {
  summary: 'as Envoy: outlier detection ejects servers that answer badly, each time for longer',
  schema,
  watch(config: z.output<typeof schema>, { all }: Servers, chance: Chance, tell: TellTurn): void {
    const cluster = new Cluster(all, new OutlierDetection(config, all.length, chance.stream('outlier_detection')), tell)
    for (const server of all) server.passive = new EnvoyHealth(cluster, server.index)
  },
} as const

/** The servers of one proxy: who is ejected hangs on the others too. */
class Cluster {
  private readonly members: boolean[]

  constructor(
    private readonly servers: readonly Server[],
    readonly detection: OutlierDetection,
    private readonly tell: TellTurn,
  ) {
    this.members = servers.map(() => true)
  }

  advance(now: number): void {
    for (const { index, member, config } of this.servers) {
      const counts = member && !config.down
      if (this.members[index] === counts) continue
      this.members[index] = counts
      this.detection.setMember(index, counts)
    }
    this.told(this.detection.advance(now))
  }

  report(host: number, outcome: Outcome, now: number): void {
    this.told(this.detection.report(host, outcome, now))
  }

  checkPassed(host: number, now: number): void {
    this.told(this.detection.checkPassed(host, now))
  }

  private told(turns: readonly Turned[]): void {
    for (const turn of turns) {
      if (turn.turned === 'ejected') this.tell(turn.host, 'excluded', `${turn.why}, for ${turn.forMs} ms`)
      else {
        this.servers[turn.host]!.grow(turn.at)
        this.tell(turn.host, 'recovered', 'its ejection is over')
      }
    }
  }
}

/** One of them. It is told of a response as soon as its head is there, and of what becomes of that later. */
class EnvoyHealth implements PassiveHealth {
  constructor(
    private readonly cluster: Cluster,
    private readonly host: number,
  ) {}

  get fails(): number {
    return this.cluster.detection.failsInARow(this.host)
  }

  available(now: number): boolean {
    this.cluster.advance(now)
    return !this.cluster.detection.isEjected(this.host)
  }

  chosen(): void {}

  /** What follows is told apart, by `tell`: it may be about others. */
  ended(_failed: boolean, how: Ended, now: number): undefined {
    this.cluster.advance(now)
    for (const outcome of outcomesOf(how)) this.cluster.report(this.host, outcome, now)
  }

  checkPassed(now: number): void {
    this.cluster.advance(now)
    this.cluster.checkPassed(this.host, now)
  }
}

/**
 * As the router reports them (router.cc: onUpstreamHeaders, onUpstreamReset, onResponseTimeout). A limit that runs out
 * once the head is there says nothing; a reset does, whenever it comes.
 */
function outcomesOf({ status, failure }: Ended): Outcome[] {
  const outcomes: Outcome[] = []
  if (status !== undefined) outcomes.push({ is: 'connected' }, { is: 'answered', status })
  if (!failure) return outcomes
  const fate = fateOf(failure)
  const begun = failure.stage === 'response_body' || failure.stage === 'tunnel'
  const connected = failure.stage === 'request' || failure.stage === 'response_head'
  if (connected && status === undefined) outcomes.push({ is: 'connected' })
  if (fate.is === 'reset' && fate.reason !== 'overflow' && fate.reason !== 'local reset')
    outcomes.push({ is: 'unreached' })
  if (fate.is === 'late' && !begun) outcomes.push({ is: 'late' })
  return outcomes
}
