/**
 * Whether a scenario can run with somebody in the place of its proxy: why not, what is otherwise than it says, and what
 * can be known of who stands there. run.ts asks before anything is started.
 */
import type { Stranger } from '../../checks/kind.js'
import { wordsOf } from '../../dialects/index.js'
import type { Lack } from '../../proxies/driver.js'
import * as url from '../../proxies/url.js'
import { hopSchema, type ProxyHop } from '../../scenario/hops.js'
import type { Scenario } from '../../scenario/schema.js'
import { clientsOf } from '../../scenario/subject.js'
import { settingsOf } from './settings.js'
import { type Foreign, replacedHop, type StandIn } from './stand_in.js'

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
  const settings = settingsOf({ scenario }, hop, config)
  const lacks = [
    ...ofFaults(scenario, hop, config, standIn),
    ...(standIn.is === 'url' ? ofForeign(scenario, config, standIn) : standIn.driver.lacks(settings)),
    ...(standIn.is === 'url' ? url.lacks(settings, standIn.upstreamPorts.length) : []),
  ]
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
  const { name } = standIn
  const tells = standIn.is === 'url' ? url.tells : standIn.driver.tells
  const otherWords =
    standIn.is === 'program' &&
    (standIn.driver.dialect ?? 'nginx') !== wordsOf((scenario.hops[hop] as ProxyHop).dialect)
  const clients = clientsOf(scenario, hop)
  return { name, hop, tells, otherWords, clients, untold: untoldFaults(scenario, standIn) }
}

/** Faults of addresses that only a proxy without a log of ours dials: a listener never sees the SYN. */
export function untoldFaults(scenario: Scenario, standIn: StandIn | undefined): string[] {
  const hop = replacedHop(scenario)
  if (standIn?.is !== 'url' || hop === undefined) return []
  const dialled = placesBehind(hop, scenario.hops[hop] as ProxyHop)
  return scenario.faults.filter(({ on, at }) => at.type === 'connect' && dialled.has(on)).map(({ id }) => id)
}

const placesBehind = (hop: string, { to }: ProxyHop): ReadonlySet<string> =>
  new Set(to.flatMap((edge) => [edge.hop, `${hop}->${edge.hop}`]))

/** What our own listeners and diallers do about a fault, and nobody else's. */
function ofFaults({ faults }: Scenario, hop: string, config: ProxyHop, standIn: StandIn): Lack[] {
  const dialled = placesBehind(hop, config)
  return faults.flatMap(({ id, on, at, effect, ...when }): Lack[] => {
    if (at.type !== 'connect') return []
    if (on === hop || on.endsWith(`->${hop}`)) {
      return [{ setting: `fault ${id}`, why: 'it is one of its own address, and the rig does not listen there' }]
    }
    if (effect.type !== 'unreachable' || !dialled.has(on)) return []
    const turns = ('window' in when && when.window) || ('flapping' in when && when.flapping)
    if (standIn.is !== 'url' && !turns) return []
    const which = turns ? 'a route that comes and goes' : 'an address without a route'
    return [{ setting: `fault ${id}`, why: `${which} is known to the rig’s own proxy only` }]
  })
}

/** What a proxy that the user runs can't be told. */
function ofForeign({ hops }: Scenario, config: ProxyHop, { name }: Foreign): Lack[] {
  const found: Lack[] = config.to.flatMap(({ hop, port }) => {
    const { kind, ...next } = hops[hop]!
    const socket = kind === 'origin' && 'socket' in next && next.socket
    const setting = `to ${hop}`
    if (socket) return [{ setting, why: 'your proxy does not know the path of its unix socket' }]
    return port === undefined ? [] : [{ setting, why: 'which port your proxy goes to is its own business' }]
  })
  const own = differences(config)
  if (own.length > 0)
    found.push({ setting: own.join(', '), why: `they count as far as ${name} has the same`, runs: true })
  return found
}

/** The settings that are not the usual ones, as `timeouts.read 150`. */
function differences(config: ProxyHop): string[] {
  const usual = hopSchema.parse({ kind: 'proxy', to: config.to.map(({ hop }) => hop) }) as ProxyHop
  const keys = [
    'balance',
    'forwarding',
    'passive_health',
    'next_upstream',
    'tries',
    'next_upstream_timeout',
    'keepalive',
    'queue',
  ] as const
  const differs = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other)
  const limits = Object.keys(usual.timeouts) as (keyof ProxyHop['timeouts'])[]
  return [
    ...limits
      .filter((key) => differs(config.timeouts[key], usual.timeouts[key]))
      .map((key) => `timeouts.${key} ${config.timeouts[key]}ms`),
    ...keys.filter((key) => differs(config[key], usual[key])).map((key) => `${key} ${JSON.stringify(config[key])}`),
    ...config.to
      .filter((edge, index) => differs({ ...edge, scheme: 0, port: 0 }, { ...usual.to[index]!, scheme: 0, port: 0 }))
      .map(({ hop }) => `server ${hop}`),
  ]
}
