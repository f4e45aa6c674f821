/** What an origin keeps of a connection and of a request that it read, and what it journals of them. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { monotonicMs, roundMs } from '../clock.js'
import type { Site } from '../site.js'

/** One accepted connection. */
export interface Line {
  raw: Socket
  peer: string
  requests: number
}

/** One request that was read, for the journal. */
export class Visit {
  readonly id: string
  private readonly started = monotonicMs()
  private readonly ordinal: number
  private bytes = 0
  private booked = false

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    readonly line: Line,
    readonly request: IncomingMessage,
  ) {
    this.ordinal = line.requests
    this.id = (request.headers['x-request-id'] as string | undefined) ?? ''
  }

  read(bytes: number): void {
    this.bytes += bytes
  }

  book(outcome: 'answered' | 'faulted' | 'aborted', status?: number, health?: true): void {
    if (this.booked) return
    this.booked = true
    this.site.journal({
      event: 'served',
      t: this.site.now(),
      hop: this.hop,
      peer: this.line.peer,
      request: this.id,
      method: this.request.method!,
      path: this.request.url!,
      ordinal: this.ordinal,
      status: outcome === 'aborted' ? undefined : status,
      request_bytes: this.bytes,
      outcome,
      health,
      ms: roundMs(monotonicMs() - this.started),
    })
  }
}
