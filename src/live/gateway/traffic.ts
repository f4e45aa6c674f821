/**
 * The ways of a gateway's requests and tunnels, as core/gateway/routing decides them: gives it time and draws, sets its timer,
 * and journals what it tells. Forwardings and tunnels follow the steps.
 */

import type { Failure } from '../../core/failure.js'
import { decisionLine } from '../../core/gateway/decision_log.js'
import type { Exit } from '../../core/gateway/exits.js'
import { listExits } from '../../core/gateway/exits.js'
import type { GatewayNote } from '../../core/gateway/notes.js'
import type { PassageAsk, TryEnd } from '../../core/gateway/passage.js'
import type { Sent } from '../../core/gateway/repeatable.js'
import { Routing } from '../../core/gateway/routing.js'
import type { Step, Waiter } from '../../core/gateway/shared.js'
import type { GatewayHop } from '../../scenario/hops.js'
import { HOST } from '../address_state.js'
import { monotonicMs, startTimer, stopTimer, type Timer } from '../clock.js'
import type { Site } from '../site.js'

/** Who is told when a wait is over. */
export interface Traveller {
  follow(step: Step): void
}

/** One request or tunnel on its way. */
export interface Journey {
  start(): Step
  /** @param failure absent for a response, whatever its status */
  ended(end: TryEnd, failure: Failure | undefined, sent: Sent): Step
  /** It stands; it carries on until `ended`. */
  opened(): void
  /** Nobody wants it any more. */
  left(): void
}

/** Without exits, whatever address the kernel takes. */
const ONLY_EXIT: Exit = {
  id: HOST,
  address: HOST,
  subnet: '127.0.0.0/24',
  tag: 'datacenter',
  capacity: Number.POSITIVE_INFINITY,
  failure_rate: 0,
  weight: 1,
}

export const exitsOf = ({ exits }: Pick<GatewayHop, 'exits'>): readonly Exit[] =>
  exits ? listExits(exits) : [ONLY_EXIT]

/** The address to dial from; undefined leaves it to the kernel. */
export const sourceOf = (exit: Exit): string | undefined => (exit === ONLY_EXIT ? undefined : exit.address)

export class Traffic {
  private readonly routing: Routing
  private readonly travellers = new Map<Waiter, Traveller>()
  private timer: Timer | undefined
  private advances = 0

  constructor(
    private readonly site: Site,
    private readonly name: string,
    hop: GatewayHop,
    profiles: readonly string[],
  ) {
    const { assign, strategy, retry_queue, limits } = hop
    const config = { exits: exitsOf(hop), assign, profiles, strategy, retry_queue, per_exit: limits.per_exit }
    this.routing = new Routing(config, (note) => this.tell(note))
    site.scope.add(() => stopTimer(this.timer))
  }

  begin(ask: PassageAsk, traveller: Traveller): Journey {
    const passage = this.routing.begin(ask, monotonicMs())
    let draws = 0
    const draw = () => this.site.chance.at(`${this.name}/way`, ask.request, draws++)
    const told = (step: Step): Step => {
      if (step.do === 'wait') this.travellers.set(passage, traveller)
      return step
    }
    return {
      start: () => this.freeing(() => told(passage.start(monotonicMs(), draw()))),
      ended: (end, failure, sent) => this.freeing(() => told(passage.ended(end, failure, sent, monotonicMs(), draw()))),
      opened: () => this.freeing(() => passage.opened(monotonicMs())),
      left: () => {
        this.travellers.delete(passage)
        this.freeing(() => passage.left(monotonicMs()))
      },
    }
  }

  /** Others may go on when something has ended: behind whatever its own traveller does. */
  private freeing<T>(act: () => T): T {
    const result = act()
    if (this.travellers.size > 0) queueMicrotask(this.advance)
    return result
  }

  private readonly advance = (): void => {
    const draw = () => this.site.chance.at(`${this.name}/advance`, 'all', this.advances++)
    for (const { passage, step } of this.routing.advance(monotonicMs(), draw)) {
      const traveller = this.travellers.get(passage)
      if (step.do !== 'wait') this.travellers.delete(passage)
      traveller?.follow(step)
    }
    this.setTimer()
  }

  private setTimer(): void {
    stopTimer(this.timer)
    const now = monotonicMs()
    const next = this.routing.nextMs(now)
    this.timer = next === undefined ? undefined : startTimer(Math.max(0, next - now), this.advance)
  }

  private tell(note: GatewayNote): void {
    const { site, name: hop } = this
    const t = site.now()
    if (note.note === 'quarantine') {
      const { note: event, ...told } = note
      return site.journal({ event, t, hop, ...told })
    }
    if (note.note === 'pause') {
      const { note: event, ...told } = note
      return site.journal({ event, t, hop, ...told })
    }
    const { note: event, ...told } = note
    site.journal({ event, t, hop, ...told })
    site.journal({ event: 'log', t, hop, request: told.request, level: 'warn', line: decisionLine(note) })
  }
}
