/**
 * Whether a scenario can run with somebody in the place of its proxy: why not, and what is otherwise than it says. run.ts
 * asks before anything is started.
 */
import type { Stranger } from '../../checks/kind.js'
import type { Lack } from '../../proxies/driver.js'
import { nextHops, type ProxyHop } from '../../scenario/hops.js'
import type { Scenario } from '../../scenario/schema.js'
import { settingsOf } from './settings.js'
import { replacedHop, type StandIn } from './stand_in.js'

export interface Fitness {
  /** Undefined: it runs. */
  skip: string | undefined
  /** What to know beside the result. */
  notes: string[]
}

export function fitnessOf(scenario: Scenario, standIn: StandIn): Fitness {
  const hop = replacedHop(scenario)
  if (hop === undefined) return { skip: `there is no proxy that ${standIn.name} could replace`, notes: [] }
  const config = scenario.hops[hop] as ProxyHop
  const lacks = [...ofFaults(scenario, hop, config), ...standIn.driver.lacks(settingsOf({ scenario }, hop, config))]
  const said = (lack: Lack): string => `${lack.setting} of hop ${hop}: ${lack.why}`
  const hard = lacks.filter(({ runs }) => !runs)
  return {
    skip: hard.length === 0 ? undefined : hard.map(said).join('; '),
    notes: lacks.filter(({ runs }) => runs).map(said),
  }
}

/** What can be known of it, as the checks ask. */
export function strangerOf(scenario: Scenario, standIn: StandIn): Stranger {
  const hop = replacedHop(scenario)!
  const passes = (name: string): boolean => name === hop || nextHops(scenario.hops[name]!).some(passes)
  const clients = Object.entries(scenario.clients).filter(([, { to }]) => passes(to))
  return { name: standIn.name, hop, tells: standIn.driver.tells, clients: clients.map(([name]) => name), untold: [] }
}

/** What our own listeners and diallers do about a fault, and nobody else's. */
function ofFaults({ faults }: Scenario, hop: string, { to }: ProxyHop): Lack[] {
  const dialled = new Set(to.flatMap((edge) => [edge.hop, `${hop}->${edge.hop}`]))
  return faults.flatMap(({ id, on, at, effect, ...when }): Lack[] => {
    if (at.type !== 'connect') return []
    if (on === hop || on.endsWith(`->${hop}`)) {
      return [{ setting: `fault ${id}`, why: 'it is one of its own address, and the rig does not listen there' }]
    }
    const turns = 'window' in when || 'flapping' in when
    if (effect.type !== 'unreachable' || !dialled.has(on) || !turns) return []
    return [{ setting: `fault ${id}`, why: 'a route that comes and goes is known to the rig’s own proxy only' }]
  })
}
