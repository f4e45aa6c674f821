/**
 * The faults of an address as a real proxy met them: only who dials sees that nobody answers its SYN, or how. The log of
 * the proxy tells it, and it counts for the fault that the address was under then. dial.ts does so for our own diallers.
 */

import type { Failure } from '../../core/failure.js'
import type { EffectName } from '../../core/fault/effects/index.js'
import type { Fault } from '../../core/fault/fault.js'
import type { Try } from '../../journal/events.js'
import type { Site } from '../site.js'

/** @param t when it ended */
export function noticeAddressFaults(site: Site, hop: string, { server, failure, ms }: Try, t: number): void {
  // A log may have the same words for several: which of them it was, the address tells.
  for (const effect of failure ? [failure, ...(failure.or ?? [])].map(effectShownBy) : []) {
    const fault = effect && underThen(site, [`${hop}->${server}`, server], effect, t - ms, t)
    if (fault) return site.journal({ event: 'fault', t, fault: fault.id, hop: fault.on, at: 'connect', effect })
  }
}

function effectShownBy({ stage, manner }: Pick<Failure, 'stage' | 'manner'>): EffectName | undefined {
  if (stage !== 'connect') return undefined
  return ({ refused: 'refuse', timeout: 'blackhole', unroutable: 'unreachable' } as const)[manner as string]
}

/** Around those moments an address may turn: then the one of that effect, whenever it was. */
function underThen(site: Site, places: string[], effect: EffectName, from: number, to: number): Fault | undefined {
  const there = places.flatMap((place) => [site.plan.address(place, from), site.plan.address(place, to)])
  const then = there.find((fault) => fault?.effect.type === effect)
  return (
    then ??
    site.scenario.faults.find(
      (fault) =>
        fault.at.type === 'connect' &&
        places.includes(fault.on) &&
        fault.effect.type === effect &&
        site.plan.isArmed(fault.id),
    )
  )
}
