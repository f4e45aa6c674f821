import { z } from 'zod'
import type { Ended, PassiveHealth, Turn } from './passive_health.js'

export const nginx = {
  summary: 'as nginx: max_fails failed tries exclude a server for fail_timeout, and then one request tries it',
  schema: z.strictObject({ type: z.literal('nginx') }),
  /** Every server has it from the start. */
  watch(): void {},
} as const

/** What it needs of a server. */
interface Excludable {
  readonly config: { readonly weight: number; readonly max_fails: number; readonly fail_timeout: number }
  effectiveWeight: number
  grow(now: number): void
}

/** nginx 1.22.1, ngx_http_upstream_round_robin.c, number for number; its settings are those of the server. */
export class NginxHealth implements PassiveHealth {
  /** Since it was well. */
  fails = 0
  /** When a try failed last, and when one was last allowed to find out; nginx's `accessed` and `checked`. */
  private accessed = Number.NEGATIVE_INFINITY
  private checkedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly server: Excludable,
    private readonly tickMs: number,
  ) {}

  available(now: number): boolean {
    const { max_fails, fail_timeout } = this.server.config
    return !(max_fails > 0 && this.fails >= max_fails && this.tick(now) - this.checkedAt <= fail_timeout)
  }

  /** Of those that come after a penalty, this one finds out, and the next may in a while. */
  chosen(now: number): void {
    if (this.tick(now) - this.checkedAt > this.server.config.fail_timeout) this.checkedAt = this.tick(now)
  }

  ended(failed: boolean, _how: Ended, now: number): Turn | undefined {
    return failed ? this.failed(now) : this.succeeded(now)
  }

  private failed(now: number): 'excluded' | undefined {
    const { server } = this
    const { weight, max_fails } = server.config
    this.fails++
    this.accessed = this.tick(now)
    this.checkedAt = this.accessed
    if (max_fails === 0) return undefined
    server.effectiveWeight = Math.max(0, server.effectiveWeight - Math.floor(weight / max_fails))
    return this.fails >= max_fails ? 'excluded' : undefined
  }

  /** Also of a try that ended for a reason that does not count. */
  private succeeded(now: number): 'recovered' | undefined {
    if (this.accessed >= this.checkedAt) return undefined
    const { max_fails } = this.server.config
    const recovered = max_fails > 0 && this.fails >= max_fails
    this.fails = 0
    if (!recovered) return undefined
    this.server.grow(now)
    return 'recovered'
  }

  private tick(now: number): number {
    return this.tickMs === 1 ? now : now - (now % this.tickMs)
  }
}
