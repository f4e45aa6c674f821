/**
 * One connection at a firewall on which HTTP is read: each head is judged before a byte of it goes on, and the hop
 * behind is dialled when the first request may pass. waf.ts opens it; what is decided is for the guard to say.
 */
import type { Socket } from 'node:net'
import type { Decision } from '../../core/waf/guard.js'
import { type HttpRequest, headersOf } from '../../core/waf/visit.js'
import type { Line } from '../faults.js'
import { pass } from '../pass.js'
import { close, reset } from '../wire.js'
import { carryOut } from './actions.js'
import { RequestReader, ResponseReader } from './reading.js'

export interface InspectionOptions {
  line: Line
  /** What carries the bytes of the one who asks. */
  near: Socket
  /** Calls back with a connection to the hop behind, or ends this one. */
  dial(reached: (far: Socket) => void): void
  judge(request: HttpRequest): Decision | undefined
  /** For the journal. @param request X-Request-Id, empty for none */
  tell(decision: Decision, request: string): void
}

const NOTHING = Buffer.alloc(0)

export class Inspection {
  private readonly requests = new RequestReader()
  private readonly responses = new ResponseReader(() => {
    this.requests.unread = true
  })
  private far: Socket | undefined
  private stopPassing: () => void = () => {}
  /** What ends it; acted on when its turn has come. */
  private stopped: { decision: Decision; request: HttpRequest } | 'done' | undefined

  constructor(private readonly options: InspectionOptions) {}

  begin(): void {
    const { near } = this.options
    near.on('error', () => {})
    near.on('data', this.first)
    near.once('end', this.leave)
    near.once('close', () => this.far && this.stopped && this.far.destroy())
  }

  /** Until a request may pass. */
  private readonly first = (chunk: Buffer): void => {
    const { near, dial } = this.options
    const bytes = this.judge(chunk)
    if (bytes.length === 0) return this.settle()
    near.removeListener('data', this.first)
    near.removeListener('end', this.leave)
    near.pause()
    dial((far) => {
      if (near.destroyed) return void far.destroy()
      this.far = far
      far.write(bytes)
      this.stopPassing = pass(near, far, undefined, { up: this.upward, down: this.downward })
      this.settle()
    })
  }

  private readonly leave = (): void => close(this.options.near)

  private readonly upward = (chunk: Buffer): Buffer => {
    const bytes = this.judge(chunk)
    // What may pass is on its way first.
    if (this.stopped) queueMicrotask(() => this.settle())
    return bytes
  }

  private readonly downward = (chunk: Buffer): Buffer => {
    this.responses.read(chunk)
    if (this.stopped) queueMicrotask(() => this.settle())
    return chunk
  }

  /** @returns what may pass of it */
  private judge(chunk: Buffer): Buffer {
    if (this.stopped) return NOTHING
    const passing: Buffer[] = []
    for (const { bytes, head } of this.requests.read(chunk)) {
      const decision = head && this.options.judge(head)
      if (decision && decision.action.type !== 'pass') {
        this.stopped = { decision, request: head }
        break
      }
      if (decision) this.options.tell(decision, idOf(head!))
      if (head) this.responses.expect(head.method)
      passing.push(bytes)
    }
    return passing.length === 1 ? passing[0]! : Buffer.concat(passing)
  }

  /** A word of ours comes behind the responses that are due; silence and ends come at once. */
  private settle(): void {
    const { stopped } = this
    if (stopped === undefined || stopped === 'done') return
    const { decision, request } = stopped
    if (SPEAKING.has(decision.action.type) && !this.responses.isQuiet) return
    this.stopped = 'done'
    this.stopPassing()
    this.options.near.removeListener('end', this.leave)
    if (this.far) {
      if (decision.action.type === 'reset') void reset(this.far)
      else close(this.far)
    }
    const { line, near: stream, tell } = this.options
    carryOut(decision.action, { raw: line.raw, stream, request, fired: () => tell(decision, idOf(request)) })
  }
}

const SPEAKING: ReadonlySet<string> = new Set(['respond', 'challenge', 'garbage', 'tarpit', 'close'])

const idOf = (request: HttpRequest): string => headersOf(request, 'x-request-id')[0] ?? ''
