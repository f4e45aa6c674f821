/**
 * How many connections one address may have open at an origin, as firewalls and servers limit them. live/origin asks it
 * about each connection that comes; it knows addresses and no sockets.
 */
import { z } from 'zod'

export const connectionLimitSchema = z.strictObject({
  per_source: z.int().min(1).max(100_000).meta({ description: 'Connections that one address may have open' }),
  over: z
    .enum(['reset', 'close'])
    .default('reset')
    .meta({ description: 'What becomes of one more, before a byte of it is read: RST or FIN' }),
})

export type ConnectionLimitConfig = z.output<typeof connectionLimitSchema>

export class ConnectionLimit {
  private readonly open = new Map<string, number>()

  constructor(private readonly config: ConnectionLimitConfig) {}

  /** A connection has come. Undefined: it may stay, and `ended` is called when it is over; else how it ends now. */
  refuses(source: string): ConnectionLimitConfig['over'] | undefined {
    const open = this.open.get(source) ?? 0
    if (open >= this.config.per_source) return this.config.over
    this.open.set(source, open + 1)
    return undefined
  }

  ended(source: string): void {
    const open = this.open.get(source)! - 1
    if (open > 0) this.open.set(source, open)
    else this.open.delete(source)
  }
}
