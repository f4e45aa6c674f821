/** One attempt of a client, watched until it ends: what came back, what the client itself perceived, or that it left. */
import type { Socket } from 'node:net'
import type { Outcome } from '../../core/client/outcome.js'
import { type Blame, whoFailed } from '../../core/who_failed.js'
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
  exit: string | undefined
  server: string | undefined
  blame: Blame | undefined
  ms: number
  /** The exchange ended well: gives the connection back, or closes it. */
  letGo: (() => void) | undefined
}

/** What is done with a connection when an exchange on it has ended well. */
export interface Use {
  pool: Pool
  connection: Connection
  /** It may be used again. */
  keepAlive: boolean
}

/** A body that a client reads whole has an end: beyond it nobody can tell whether it is JSON. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024

export class Attempt implements ExchangeListener {
  cleanUp = (): void => {}
  impossible: (why: string) => void = () => {}
  private readonly started = monotonicMs()
  private over = false
  private readonly body: Buffer[] | undefined
  private readonly seen: Omit<Seen, 'use'> = {
    bytes: 0,
    truncated: undefined,
    proxyStatus: undefined,
    proxyError: undefined,
    exit: undefined,
    server: undefined,
    blame: undefined,
    ms: 0,
    letGo: undefined,
  }

  constructor(
    private readonly on: Use,
    private readonly conversation: Conversation | undefined,
    private readonly onOver: (seen: Seen) => void,
    /** The body is read as JSON. */
    readsJson = false,
  ) {
    this.body = readsJson ? [] : undefined
  }

  head(status: number, rawHeaders: Buffer[]): boolean {
    this.seen.status = status
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!.toString('latin1').toLowerCase()
      const value = () => rawHeaders[i + 1]!.toString('latin1')
      if (name === 'proxy-status') this.seen.proxyStatus = value()
      else if (name === 'x-proxy-error') this.seen.proxyError = value()
      else if (name === 'x-exit-node') this.seen.exit = value()
      else if (name === 'server') this.seen.server = value()
      else if (name === 'retry-after') this.seen.retryAfter ??= value()
    }
    if (status >= 400) this.seen.blame = whoFailed({ status, headers: pairsOf(rawHeaders) })
    return true
  }

  data(chunk: Buffer): boolean {
    this.seen.bytes += chunk.length
    if (this.seen.bytes <= BODY_LIMIT_BYTES) this.body?.push(chunk)
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
    const { connection, keepAlive, pool } = this.on
    if (this.body && this.seen.bytes <= BODY_LIMIT_BYTES) this.seen.json = isJson(Buffer.concat(this.body))
    this.seen.letGo = () => (keepAlive ? pool.release(connection) : pool.discard(connection))
    this.done()
  }

  failed(failure: Outcome['failure']): void {
    this.on.pool.discard(this.on.connection)
    this.seen.failure = failure
    if (this.seen.status !== undefined) this.seen.truncated = true
    this.done()
  }

  /** The client's own doing: it closes the connection, in whatever state that is. */
  giveUp(): void {
    this.seen.gaveUp = true
    this.stop()
  }

  /** Nobody waits for the answer any more: of HTTP/1.1 a client can only close the connection. */
  stop(): void {
    this.on.pool.discard(this.on.connection)
    this.done()
  }

  private done(): void {
    if (this.over) return
    this.over = true
    this.cleanUp()
    const ms = roundMs(monotonicMs() - this.started)
    const { use, exit } = this.on.connection
    this.onOver({ ...this.seen, exit: this.seen.exit ?? exit, ms, use })
  }
}

function* pairsOf(rawHeaders: readonly Buffer[]): Generator<[string, string]> {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    yield [rawHeaders[i]!.toString('latin1'), rawHeaders[i + 1]!.toString('latin1')]
  }
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString())
    return true
  } catch {
    return false
  }
}
