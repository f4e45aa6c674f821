/**
 * A server hop's questions to the fault plan: what it says of a moment is carried out and journaled, and otherwise the
 * hop goes on. Origin and firewall hold one; it knows neither of them.
 */
import type { Socket } from 'node:net'
import type { Fault } from '../core/fault/fault.js'
import type { Occasion } from '../core/fault/selection.js'
import type { Mark } from '../core/fault/tape.js'
import type { TriggerName } from '../core/fault/triggers/index.js'
import { misbehave, type Scene } from './effects.js'
import type { Site } from './site.js'

/** One accepted connection. */
export interface Line {
  raw: Socket
  /** host:port */
  peer: string
  /** A fault has ended it: what still arrives is read and not answered. */
  over: boolean
}

/** Whom it comes from, without the port. */
export const sourceOf = ({ peer }: Pick<Line, 'peer'>): string => peer.slice(0, peer.lastIndexOf(':'))

/** What a moment makes of effects: the scene, as far as it is not the same everywhere. */
export interface Moment extends Partial<Omit<Scene, 'raw' | 'draw' | 'fired'>> {
  goOn(): void
  /** X-Request-Id, where the moment knows one. */
  request?: string
  /** What the draws of an effect hang on, where the moment is one of a client's request (core/fault/tape.ts). */
  key?: string | undefined
  /** More of the request is on its way. */
  unfinished?(): boolean
}

export class Faults {
  constructor(
    private readonly site: Site,
    private readonly hop: string,
  ) {}

  /** Asks the plan, and carries out what it says; `goOn` is called at once where it says nothing. */
  meet(at: TriggerName, line: Line, occasion: Partial<Occasion>, moment: Moment): void {
    const fault = this.take(at, { source: sourceOf(line), ...occasion })
    if (fault) this.carryOut(fault, line, moment)
    else moment.goOn()
  }

  take(at: TriggerName, occasion: Partial<Occasion>): Fault | undefined {
    return this.site.plan.take(this.hop, at, { ...occasion, now_ms: this.site.now() })
  }

  /** Whose attempt a request is; asked once for each that came. */
  mark(request: string): Mark | undefined {
    return this.site.plan.mark(this.hop, request)
  }

  /** How far into a moment faults wait. */
  afters(at: TriggerName): readonly number[] {
    return this.site.plan.afters(this.hop, at)
  }

  carryOut(fault: Fault, line: Line, moment: Moment): void {
    const { keep, unfinished = () => false } = moment
    const { raw } = line
    const stream = moment.stream ?? raw
    const { crash, plan } = this.site
    const fired = () => this.fired(fault, line, moment.request)
    const scene: Scene = {
      ...moment,
      raw,
      stream,
      draw: plan.draws(fault.id, moment.key),
      fired,
      over: (sent) => {
        line.over = true
        moment.over?.(sent)
      },
    }
    if (crash) scene.crash = (restartAfter) => crash.now({ raw, stream, restartAfter, unfinished, fired })
    if (keep) {
      scene.keep = () => {
        line.over = false
        keep()
      }
    }
    misbehave(scene, fault.effect)
  }

  fired({ id: fault, at: { type: at }, effect: { type: effect } }: Fault, { peer }: Line, request?: string): void {
    this.site.journal({ event: 'fault', t: this.site.now(), fault, hop: this.hop, at, effect, request, peer })
  }
}
