/**
 * The site of a hop in a process of its own: its faults, the run's time, a pipe for a journal, certificates from the
 * run's CA. child.ts makes it; the origin on it can't tell it from the site of a run.
 */
import { createFaultPlan } from '../../core/fault/plan.js'
import { InvariantError } from '../../lib/errors.js'
import { chanceFrom } from '../../lib/random.js'
import { createScope } from '../../lib/scope.js'
import { createAddressStates } from '../address_states.js'
import type { KeyPair } from '../authority.js'
import { allHeard, fromSharedMs } from '../clock.js'
import { createCourse } from '../course.js'
import type { Site } from '../site.js'
import { crashOf } from './crash.js'
import type { FromProcess, RunState, Start } from './protocol.js'

export interface OwnSite extends Site {
  /** The faults are as the run says they are, and whoever listens has followed. */
  follow(state: RunState): Promise<void>
  /** The run's answer to a question. */
  answered(id: number, value: unknown): void
  /** The load is over: resolves when what was in hand is finished. */
  endLoad(): Promise<void>
}

export function createOwnSite(order: Start, say: (message: FromProcess) => void): OwnSite {
  const { faults, name, hop } = order
  const scope = createScope()
  const chance = chanceFrom(order.seed)
  const plan = createFaultPlan(faults, chance)
  const course = createCourse(plan, scope)
  const questions: ((value: unknown) => void)[] = []
  const atLoadEnd: ((signal: AbortSignal) => Promise<void>)[] = []
  let zero: number | undefined
  plan.resume(order.counts)
  return {
    scenario: { id: order.scenario, hops: { [name]: hop }, faults: [...faults] },
    plan,
    chance,
    scope,
    journaling: order.journaling,
    journal: order.journaling ? (event) => say({ say: 'event', event }) : () => {},
    now: course.now,
    loadStart: course.loadStart,
    onAddressChange: course.onAddressChange,
    // The proxies that listen to it stand in the process of the run.
    onLoadStart: () => {},
    onLoadEnd: (finish) => void atLoadEnd.push(finish),
    async endLoad() {
      await allHeard()
      const { signal } = new AbortController()
      await Promise.all(atLoadEnd.map((finish) => finish(signal)))
    },
    nameServer: undefined,
    addressStates: createAddressStates([], []),
    certificates: {
      ca: order.ca,
      of: (...parameters) =>
        new Promise<KeyPair>((resolve) => {
          const id = questions.push((value) => resolve(value as KeyPair)) - 1
          say({ say: 'ask', of: parameters, id })
        }),
    },
    addressOf(other) {
      throw new InvariantError(`an origin asked for the address of "${other}"`)
    },
    broken: (message) => say({ say: 'broken', message }),
    crash: crashOf((restart_after) => say({ say: 'crash', restart_after, counts: plan.counts() })),
    answered: (id, value) => questions[id]!(value),
    async follow(state) {
      for (const [id, armed] of Object.entries(state.armed)) {
        if (armed) plan.arm(id)
        else plan.disarm(id)
      }
      if (state.zero === zero) return course.follow()
      const first = zero === undefined
      zero = state.zero
      await course.begin(fromSharedMs(zero!))
      // A process that takes another's place in the middle of a load goes on counting where that one ended.
      if (first) plan.resume(order.counts)
    },
  }
}
