/**
 * What happens at an exit before anything is dialled: it takes its time, fails of itself, or is dead; and what of those that go
 * through it when it dies. How likely and when, the scenario says.
 */

import type { Failure } from '../../core/failure.js'
import type { Exit } from '../../core/gateway/exits.js'
import { exitDied, exitFailed } from '../../core/gateway/failures.js'
import { sampleMs } from '../../lib/distribution.js'
import { CannotRunError } from '../../lib/errors.js'
import { bindingError } from '../bindable.js'
import { type Stop, startDeadline, startTimer, stopTimer, type Timer } from '../clock.js'
import type { Site } from '../site.js'

export interface Doors {
  /**
   * Dials through that exit, in its time. `cut` is told once if the exit dies before `done`.
   * @param who the request, and the number of its try: what is drawn hangs on them
   */
  through(exit: Exit, who: { request: string; n: number }, act: Passing): Stop
}

export interface Passing {
  open(): void
  /** The exit itself failed, before or behind `open`. */
  failed(failure: Failure): void
}

export function createDoors(site: Site, gateway: string, exits: readonly Exit[]): Doors {
  const dead = new Set<string>()
  const inside = new Map<string, Set<Passing>>()
  const timers: Timer[] = []
  const stop = () => {
    for (const timer of timers.splice(0)) stopTimer(timer)
  }
  const die = (id: string): void => {
    dead.add(id)
    for (const passing of [...(inside.get(id) ?? [])]) passing.failed(exitDied())
  }
  site.scope.add(stop)
  site.onLoadStart(() => {
    stop()
    dead.clear()
    for (const { id, dies_ms } of exits) {
      if (dies_ms !== undefined) timers.push(startTimer(dies_ms, () => die(id)))
    }
  })

  function enter(id: string, passing: Passing): Stop {
    const there = inside.get(id) ?? new Set()
    inside.set(id, there.add(passing))
    return () => void there.delete(passing)
  }

  return {
    through(exit, { request, n }, act) {
      const draw = (what: string) => site.chance.at(`${gateway}/${what}`, request, n)
      if (dead.has(exit.id)) {
        act.failed(exitDied())
        return () => {}
      }
      if (exit.failure_rate > 0 && draw('exit_failure') < exit.failure_rate) {
        act.failed(exitFailed())
        return () => {}
      }
      const leave = enter(exit.id, act)
      let draws = 0
      const latency = exit.latency && sampleMs(exit.latency, () => draw(`exit_latency/${draws++}`))
      if (!latency) {
        act.open()
        return leave
      }
      const stopWaiting = startDeadline(latency, () => act.open())
      return () => {
        stopWaiting()
        leave()
      }
    },
  }
}

/**
 * The first and the last address of every network of exits can be dialled from.
 * @throws CannotRunError when one can't
 */
export async function mustBeBindable(gateway: string, exits: readonly Exit[]): Promise<void> {
  const ends = exits.filter(({ subnet }, at) => exits[at - 1]?.subnet !== subnet || exits[at + 1]?.subnet !== subnet)
  await Promise.all(
    ends.map(async ({ address }) => {
      const error = await bindingError(address)
      if (!error) return
      const what = `Gateway "${gateway}" can't use ${address} as an exit on this machine (${error.code})`
      throw new CannotRunError(what, `${EXIT_REMEDY}; badgateway doctor checks it`, { cause: error })
    }),
  )
}

const EXIT_REMEDY =
  'Exits are addresses of 127.0.0.0/8: Linux has them all, elsewhere each has to be added to the loopback interface first (macOS: sudo ifconfig lo0 alias ADDRESS)'
