/** One attempt of a client, watched until it ends: what came back, what the client itself perceived, or that it left. */
import type { Socket } from 'node:net'
import type { Outcome } from '../../core/client/outcome.js'
import type { ConnectionUse } from '../../journal/events.js'
import { monotonicMs, roundMs } from '../clock.js'
import type { Connection } from '../connection.js'
import type { ExchangeListener } from '../exchange.js'
import type { Pool } from '../pool.js'
import type { Conversation } from './conversation.js'

export interface Seen extends Outcome {
  use: ConnectionUse
  bytes: number
  truncated: true | undefined
  proxyStatus: string | undefined
  proxyError: string | undefined
  ms: number
  /** The exchange ended well: gives the connection back, or closes it. */
  letGo: (() => void) | undefined
}

export class Attempt implements ExchangeListener {
  cleanUp = (): void => {}
  private readonly started = monotonicMs()
  private over = false
  private readonly seen: Omit<Seen, 'use'> = {
    bytes: 0,
    truncated: undefined,
    proxyStatus: undefined,
    proxyError: undefined,
    ms: 0,
    letGo: undefined,
  }

  constructor(
    private readonly pool: Pool,
    private readonly connection: Connection,
    private readonly keepAlive: boolean,
    private readonly conversation: Conversation | undefined,
    private readonly resolve: (seen: Seen) => void,
  ) {}

  head(status: number, rawHeaders: Buffer[]): boolean {
    this.seen.status = status
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!.toString('latin1').toLowerCase()
      if (name === 'proxy-status') this.seen.proxyStatus = rawHeaders[i + 1]!.toString('latin1')
      if (name === 'x-proxy-error') this.seen.proxyError = rawHeaders[i + 1]!.toString('latin1')
    }
    return true
  }

  data(chunk: Buffer): boolean {
    this.seen.bytes += chunk.length
    return true
  }

  switched(rawHeaders: Buffer[], stream: Socket): void {
    this.seen.status = 101
    this.conversation!.begin(rawHeaders, stream, (bytes) => {
      this.seen.bytes += bytes
    })
  }

  end(): void {
    const failure = this.seen.status === 101 ? this.conversation?.failure : undefined
    if (failure) return this.failed(failure)
    const { connection, keepAlive, pool } = this
    this.seen.letGo = () => (keepAlive ? pool.release(connection) : pool.discard(connection))
    this.done()
  }

  failed(failure: Outcome['failure']): void {
    this.pool.discard(this.connection)
    this.seen.failure = failure
    if (this.seen.status !== undefined) this.seen.truncated = true
    this.done()
  }

  /** The client's own doing: it closes the connection, in whatever state that is. */
  giveUp(): void {
    this.seen.gaveUp = true
    this.stop()
  }

  /** The run is over: nobody waits for the answer. */
  stop(): void {
    this.pool.discard(this.connection)
    this.done()
  }

  private done(): void {
    if (this.over) return
    this.over = true
    this.cleanUp()
    const ms = roundMs(monotonicMs() - this.started)
    this.resolve({ ...this.seen, ms, use: this.connection.use })
  }
}
