import { z } from 'zod'
import { afterCheck } from '../active_health.js'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import type { Ended, PassiveHealth, Turn } from './passive_health.js'

const schema = z.strictObject({
  type: z.literal('haproxy'),
  observe: z.enum(['none', 'layer4', 'layer7']).default('none').meta({
    description: 'Requests count beside the checks: layer4 for their connections, layer7 for responses as well',
  }),
  error_limit: z
    .int()
    .min(1)
    .default(10)
    .meta({ description: 'So many errors in a row; one good response forgets them' }),
  on_error: z.enum(['fastinter', 'fail-check', 'sudden-death', 'mark-down']).default('fail-check').meta({
    description:
      'What they come to: the next check after its fast_interval, which all do; a failed check; all but one; down',
  }),
})

type Config = z.output<typeof schema>

export const haproxy = {
  summary: 'as HAProxy: requests that fail count against a server’s checks (observe), and do nothing without any',
  schema,
  watch(config: Config, { all }: Servers): void {
    for (const server of all) server.passive = new HaproxyHealth(server, config)
  },
} as const

/** HAProxy 2.6, __health_adjust and analyze_statuses of check.c. */
class HaproxyHealth implements PassiveHealth {
  /** In a row. */
  fails = 0

  constructor(
    private readonly server: Server,
    private readonly config: Config,
  ) {}

  /** Whether it may be asked is for checks to say. */
  available(): boolean {
    return true
  }

  chosen(): void {}

  ended(failed: boolean, how: Ended, now: number): Turn | undefined {
    if (this.config.observe === 'none' || !this.server.watched) return undefined
    const good = this.config.observe === 'layer4' ? connected(how) : answeredWell(failed, how)
    if (good === undefined) return undefined
    if (good) {
      this.fails = 0
      return undefined
    }
    if (++this.fails < this.config.error_limit) return undefined
    this.fails = 0
    return this.blame(now)
  }

  private blame(now: number): Turn {
    const { server } = this
    const before = server.watched!
    const { rise, fall } = server.thresholds!
    const { on_error } = this.config
    if (on_error === 'fastinter') return 'doubted'
    const already = { 'fail-check': 0, 'sudden-death': fall - 2, 'mark-down': fall - 1 }[on_error]
    const doubted = before.state === 'down' ? before : { ...before, failures: Math.max(before.failures, already) }
    server.watched = afterCheck(doubted, 'failed', { rise, fall })
    const { state } = server.watched
    if (state === before.state) return 'doubted'
    server.setChecked(state, now)
    return 'down'
  }
}

/** Undefined: it says nothing of it. */
function connected({ failure, status }: Ended): boolean | undefined {
  if (failure && (failure.stage === 'connect' || failure.stage === 'tls')) return false
  return failure || status !== undefined ? true : undefined
}

/** 501 and 505 are what a request asks for, no failure of the server. What rules of forwarding excuse is none, either. */
function answeredWell(failed: boolean, { failure, status }: Ended): boolean | undefined {
  if (failure && status !== undefined) return failure.manner === 'http' ? false : undefined
  if (failure) return failed ? false : undefined
  if (status === undefined) return undefined
  return status < 500 || status === 501 || status === 505
}
