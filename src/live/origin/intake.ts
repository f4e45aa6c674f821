/**
 * Reads the body of a request, up to each place where a fault may act, at its pace. serve.ts calls it; a body in which
 * no fault waits is read as it comes.
 */
import type { ResponseConfig } from '../../core/origin/response.js'
import type { Pace } from '../effects.js'
import type { Faults } from '../faults.js'
import { later } from '../later.js'
import { type Exchange, momentOf } from './exchange.js'

/** @param done when it was read in full; @param respond what is answered before that */
export function takeIn(
  faults: Faults,
  exchange: Exchange,
  done: () => void,
  respond: (response: ResponseConfig) => void,
): void {
  const { request, visit } = exchange
  const { headers } = request
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  const places = hasBody ? faults.afters('request_body') : []
  const whole = () => {
    visit.whole = true
    done()
  }
  if (places.length > 0) return new Intake(faults, exchange, [...places], whole, respond).begin()
  request.on('data', (chunk: Buffer) => visit.read(chunk))
  request.on('end', whole)
}

class Intake {
  private pace: Pace | undefined
  private state: 'reading' | 'waiting' | 'over' = 'reading'
  private ended = false

  constructor(
    private readonly faults: Faults,
    private readonly exchange: Exchange,
    private readonly places: number[],
    private readonly done: () => void,
    private readonly respond: (response: ResponseConfig) => void,
  ) {}

  begin(): void {
    const { request } = this.exchange
    request.on('readable', () => this.read())
    request.on('end', () => {
      this.ended = true
      this.read()
    })
    this.read()
  }

  private read(): void {
    while (this.state === 'reading') {
      if (this.places[0] === this.exchange.visit.bytes) this.meet(this.places.shift()!)
      else if (this.ended) this.leave(this.done)
      else if (!this.readSome()) return
    }
  }

  /** False: nothing has come yet. */
  private readSome(): boolean {
    const { request, visit } = this.exchange
    const there = request.readableLength
    const next = this.places[0] === undefined ? there : this.places[0] - visit.bytes
    // A read of nothing asks for more, and lets the end be told.
    const chunk = request.read(Math.min(there, next, this.pace?.chunk ?? there) || undefined) as Buffer | null
    if (chunk === null) return false
    visit.read(chunk)
    if (this.pace) {
      this.state = 'waiting'
      later(visit.line.raw, this.pace.every, () => this.goOn())
    }
    return true
  }

  private meet(after: number): void {
    this.state = 'waiting'
    const { visit, occasion } = this.exchange
    const usual = momentOf(this.exchange, { goOn: () => this.goOn() })
    this.faults.meet(
      'request_body',
      visit.line,
      { ...occasion, after },
      {
        ...usual,
        throttle: (pace) => {
          this.pace = pace
          this.goOn()
        },
        respond: (response) => this.leave(() => this.answer(response)),
        over: (sent) => this.leave(() => usual.over?.(sent)),
      },
    )
  }

  /** What is still to come is nobody's, but the next request on this connection comes behind it. */
  private answer(response: ResponseConfig): void {
    this.respond(response)
    this.exchange.request.resume()
  }

  private goOn(): void {
    this.state = 'reading'
    this.read()
  }

  private leave(act: () => void): void {
    this.state = 'over'
    this.exchange.request.removeAllListeners('readable')
    act()
  }
}
