import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import type { Chance } from '../../../lib/random.js'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import type { Ended, PassiveHealth, TellTurn, Turn } from './passive_health.js'

const schema = z.strictObject({
  type: z.literal('caddy'),
  fail_duration: duration()
    .prefault('0s')
    .meta({ description: 'How long a failed try is held against a server; 0s: none is' }),
  max_fails: z.int().min(1).default(1).meta({ description: 'So many at a time keep requests from it' }),
  unhealthy_status: z
    .array(z.union([z.int().min(1).max(5), z.int().min(100).max(599)]))
    .default([])
    .meta({
      description: 'Statuses that are failures as well, though they are passed on; 5 stands for all from 500 on',
    }),
})

type Config = z.output<typeof schema>

export const caddy = {
  summary:
    'as Caddy: max_fails failed tries within fail_duration keep requests from a server until one of them is that old',
  schema,
  watch(config: Config, { all }: Servers, _chance: Chance, tell: TellTurn): void {
    for (const server of all) server.passive = new CaddyHealth(server, config, tell)
  },
} as const

/** Caddy 2.6: countFailure of reverseproxy.go, Healthy of hosts.go. Each failure has its own time to be forgotten. */
class CaddyHealth implements PassiveHealth {
  /** When each of those that count is forgotten, the first one first. */
  private readonly until: number[] = []

  constructor(
    private readonly server: Server,
    private readonly config: Config,
    private readonly tell: TellTurn,
  ) {}

  get fails(): number {
    return this.until.length
  }

  available(now: number): boolean {
    this.forget(now)
    return this.fails < this.config.max_fails
  }

  chosen(): void {}

  ended(failed: boolean, { status }: Ended, now: number): Turn | undefined {
    const { fail_duration, max_fails, unhealthy_status } = this.config
    if (fail_duration === 0) return undefined
    this.forget(now)
    const before = this.fails
    const bad = status === undefined ? 0 : unhealthy_status.filter((one) => isMeant(one, status)).length
    for (let count = failed ? 1 : bad; count > 0; count--) this.until.push(now + fail_duration)
    return before < max_fails && this.fails >= max_fails ? 'excluded' : undefined
  }

  private forget(now: number): void {
    const { until } = this
    const { max_fails } = this.config
    const before = until.length
    while (until.length > 0 && until[0]! <= now) until.shift()
    if (before < max_fails || until.length >= max_fails) return
    this.server.grow(now)
    this.tell(this.server.index, 'recovered', 'a failed try is forgotten')
  }
}

/** StatusCodeMatches. */
const isMeant = (one: number, status: number): boolean => one === status || one === Math.floor(status / 100)
