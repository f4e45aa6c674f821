/**
 * A response as bytes, written past node:http because faults wait in it: up to each of them, at its pace. serve.ts calls
 * it; without a fault that takes this response, node:http writes it.
 */
import type { Fault } from '../../core/fault/fault.js'
import type { TriggerName } from '../../core/fault/triggers/index.js'
import type { ResponseConfig } from '../../core/origin/response.js'
import type { Pace } from '../effects.js'
import type { Faults } from '../faults.js'
import { later } from '../later.js'
import { type Exchange, momentOf, writtenPast } from './exchange.js'
import { answer, responseBytes } from './respond.js'

/** Where a fault may act: so many bytes of the whole response are on the wire then. */
interface Point {
  at: TriggerName
  after: number
  offset: number
}

export function play(faults: Faults, exchange: Exchange, config: ResponseConfig, body: Buffer): void {
  if (!MOMENTS.some((at) => faults.afters(at).length > 0)) return answer(config, body, exchange.response)
  new Playback(faults, exchange, config, body).begin()
}

const MOMENTS = ['response_head', 'response_body', 'response_end'] as const

class Playback {
  private readonly bytes: Buffer
  private readonly points: Point[]
  private at: Point | undefined
  private position = 0
  private pace: Pace | undefined

  constructor(
    private readonly faults: Faults,
    private readonly exchange: Exchange,
    private readonly config: ResponseConfig,
    private readonly body: Buffer,
  ) {
    const { request, response } = exchange
    if (config.framing === 'close') response.shouldKeepAlive = false
    const bodiless = request.method === 'HEAD'
    const { bytes, head, body: length, offsetOf } = responseBytes(config, body, response.shouldKeepAlive, bodiless)
    const point = (at: TriggerName, most: number, offset: (after: number) => number): Point[] =>
      faults
        .afters(at)
        .filter((after) => after <= most)
        .map((after) => ({ at, after, offset: offset(after) }))
    this.bytes = bytes
    this.points = [
      ...point('response_head', head, (after) => after),
      ...point('response_body', length, offsetOf),
      ...point('response_end', 0, () => bytes.length),
    ]
  }

  begin(): void {
    const fault = this.next()
    if (fault) this.carryOut(fault)
    else answer(this.config, this.body, this.exchange.response)
  }

  /** The next fault that takes the response, at the point where it does. */
  private next(): Fault | undefined {
    for (this.at = this.points.shift(); this.at; this.at = this.points.shift()) {
      const { at, after } = this.at
      const fault = this.faults.take(at, { ...this.exchange.occasion, after })
      if (fault) return fault
    }
    return undefined
  }

  private carryOut(fault: Fault): void {
    const { visit, request } = this.exchange
    this.advance(this.at!.offset, () => {
      // What an effect sends goes with what was before it, in one piece.
      request.socket.cork()
      this.write(this.at!.offset)
      const goOn = () => this.goOn()
      const throttle = (pace: Pace) => {
        this.pace = pace
        this.goOn()
      }
      this.faults.carryOut(fault, visit.line, momentOf(this.exchange, { goOn, throttle }))
      request.socket.uncork()
    })
  }

  private goOn(): void {
    const fault = this.next()
    if (fault) return this.carryOut(fault)
    this.advance(this.bytes.length, () => {
      this.write(this.bytes.length)
      const { response } = this.exchange
      response.statusCode = this.config.status
      writtenPast(response)
    })
  }

  /** All but the last piece before the offset, each at its time; then the rest is due. */
  private advance(offset: number, then: () => void): void {
    const { pace } = this
    if (!pace || this.position + pace.chunk >= offset) return then()
    this.write(this.position + pace.chunk)
    later(this.exchange.visit.line.raw, pace.every, () => this.advance(offset, then))
  }

  private write(offset: number): void {
    const part = this.bytes.subarray(this.position, offset)
    this.position = offset
    if (part.length === 0) return
    this.exchange.visit.wrote(part)
    this.exchange.request.socket.write(part)
  }
}
