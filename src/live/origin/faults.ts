/** An origin's questions to the fault plan, and what it tells the journal when one is carried out. */
import type { Fault } from '../../core/fault/fault.js'
import type { Occasion } from '../../core/fault/selection.js'
import type { TriggerName } from '../../core/fault/triggers/index.js'
import { misbehave } from '../effects.js'
import type { Site } from '../site.js'
import type { Line, Visit } from './visit.js'

export class Faults {
  constructor(
    private readonly site: Site,
    private readonly hop: string,
  ) {}

  /** Asks the plan, and carries out what it says; true when the connection or request is taken by a fault. */
  hit(at: TriggerName, line: Line, occasion: Partial<Occasion>, visit?: Visit): boolean {
    const fault = this.take(at, occasion)
    if (!fault) return false
    this.fired(fault, at, line, visit)
    misbehave(line.raw, visit?.request.socket ?? line.raw, fault.effect)
    return true
  }

  take(at: TriggerName, occasion: Partial<Occasion>): Fault | undefined {
    return this.site.plan.take(this.hop, at, { ...occasion, now_ms: this.site.now() })
  }

  fired(fault: Fault, at: TriggerName, line: Line, visit?: Visit): void {
    const { hop, site } = this
    const where = { hop, at, effect: fault.effect.type, request: visit?.id, peer: line.peer }
    site.journal({ event: 'fault', t: site.now(), fault: fault.id, ...where })
  }
}
