import { z } from 'zod'
import type { Failure } from '../../failure.js'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import type { Ended, PassiveHealth, Turn } from './passive_health.js'

const schema = z.strictObject({
  type: z.literal('apache'),
  force_recovery: z
    .boolean()
    .default(true)
    .meta({ description: 'When all servers are in error state, all of them are taken out of it (forcerecovery)' }),
  fail_on_status: z
    .array(z.int().min(100).max(599))
    .default([])
    .meta({ description: 'Answers with such a status put a server into error state as well (failonstatus)' }),
})

type Config = z.output<typeof schema>

export const apache = {
  summary:
    'as Apache: one connection that can’t be made puts a server into error state for its fail_timeout (retry), for no time if max_fails is 0',
  schema,
  watch(config: Config, { all, single }: Servers): void {
    const workers: ApacheHealth[] = []
    for (const server of all) {
      const health = new ApacheHealth(server, config, single, workers)
      workers.push(health)
      server.passive = health
    }
  },
} as const

/**
 * What the handler of a scheme returns where nothing was sent: 503 has another server asked, 500 has not. Either is an
 * error of the server (mod_proxy.c, proxy_handler). One that is reset as soon as it is there has been written to.
 */
export function unreached({ stage, type }: Failure): 503 | 500 | undefined {
  if (stage === 'connect') return type === 'connection_terminated' ? undefined : 503
  if (stage === 'select') return 503
  return stage === 'dns' || stage === 'tls' ? 500 : undefined
}

/** Apache 2.4.71: proxy_util.c (ap_proxy_retry_worker, ap_proxy_connect_backend), mod_proxy_balancer.c (force_recovery). */
class ApacheHealth implements PassiveHealth {
  /** Since when it is in error state; undefined while it is not. */
  private since: number | undefined
  /** That it was is told, and that it is well again is not. */
  private told = false

  constructor(
    private readonly server: Server,
    private readonly config: Config,
    /** A worker that is no member of a balancer ignores errors. */
    private readonly single: boolean,
    /** Of all servers. */
    private readonly workers: readonly ApacheHealth[],
  ) {}

  get fails(): number {
    return this.since === undefined ? 0 : 1
  }

  available(now: number): boolean {
    return !this.inError(now) || (this.config.force_recovery && this.recover(now))
  }

  chosen(): void {}

  ended(_failed: boolean, how: Ended, now: number): Turn | undefined {
    if (this.single) return undefined
    const { failure, status } = how
    const badStatus = status !== undefined && this.config.fail_on_status.includes(status)
    if (badStatus || (failure && unreached(failure))) return this.blame(now)
    if (!this.told || this.since !== undefined || (!failure && status === undefined)) return undefined
    this.told = false
    this.server.grow(now)
    return 'recovered'
  }

  private blame(now: number): Turn | undefined {
    const already = this.since !== undefined
    this.since = now
    if (already || this.retryMs === 0) return undefined
    this.told = true
    return 'excluded'
  }

  /** Without a retry, Apache waits for the next microsecond: whether that has come by the next try, nobody can tell. */
  private inError(now: number): boolean {
    if (this.since !== undefined && now - this.since >= this.retryMs) this.since = undefined
    return this.since !== undefined
  }

  /** Not while there is one that is in no error state, though it may be disabled or have no room. */
  private recover(now: number): boolean {
    const members = this.workers.filter(({ server }) => server.member)
    if (members.some((worker) => !worker.inError(now))) return false
    for (const worker of members) worker.since = undefined
    return true
  }

  private get retryMs(): number {
    const { max_fails, fail_timeout } = this.server.config
    return max_fails > 0 ? fail_timeout : 0
  }
}
