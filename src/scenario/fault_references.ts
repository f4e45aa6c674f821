/**
 * What no schema can say of faults: whether that hop has that moment, that moment takes that effect, and whether there
 * is anything to select or match then. references.ts calls it.
 */
import { type TriggerName, type TriggerScope, triggers } from '../core/fault/triggers/index.js'
import { parseDurationMs } from '../lib/units.js'
import { hopsOf } from './client_references.js'
import { type Finding, wrongKey, wrongValue } from './finding.js'
import { hopKinds, linkTriggers } from './hops.js'
import { article, namesOf, unknownName } from './names.js'
import type { FaultOutline, HopOutline, Outline } from './outline.js'

export function findFaultProblems(faults: readonly FaultOutline[], { hops, clients }: Outline): Finding[] {
  return faults.flatMap((fault, index) => [
    ...takenId(fault, faults.slice(0, index)),
    ...(hops && fault.on !== undefined ? unknownPlace(fault, fault.on, hops, clients ?? []) : []),
    ...impossibleMoment(
      fault,
      hops?.find(({ name }) => name === fault.on),
    ),
    ...(fault.at ? uselessSelectors(fault, fault.at) : []),
    ...(fault.at ? uselessCount(fault, fault.at) : []),
    ...(hops && fault.at === 'resolve' ? neverAsked(fault, hops) : []),
    ...emptyWindow(fault),
  ])
}

/** A hop, or a link: who forwards, or a client, and the hop that it forwards to. */
function unknownPlace(
  { path }: FaultOutline,
  on: string,
  hops: readonly HopOutline[],
  clients: NonNullable<Outline['clients']>,
): Finding[] {
  const here = [...path, 'on']
  const [from, to, ...more] = on.split(/\s*->\s*/)
  if (to === undefined) return unknownName('hop', { name: on, path: here }, namesOf(hops))
  const asking = clients.map((client) => ({ name: client.name, to: hopsOf(client) }))
  const forwarders = [...hops.filter((hop) => hop.to.length > 0), ...asking]
  const source = forwarders.find(({ name }) => name === from)
  if (!source) return unknownName('hop or client', { name: from!, path: here }, namesOf(forwarders))
  const targets = source.to
  if (more.length === 0 && targets.some(({ name }) => name === to)) return []
  const links = targets.map(({ name }) => `${from}->${name}`)
  return [wrongValue(here, `there is no link "${on}", expected one of: ${links.join(', ')}`)]
}

function takenId({ id, path }: FaultOutline, earlier: readonly FaultOutline[]): Finding[] {
  const first = id === undefined ? -1 : earlier.findIndex((fault) => fault.id === id)
  return first < 0 ? [] : [wrongValue([...path, 'id'], `the id "${id}" is taken by faults[${first}]`)]
}

/** The hop has no such moment, or else nothing of that kind can happen then: the first hides the second. */
function impossibleMoment({ on, at, effect, path }: FaultOutline, hop: HopOutline | undefined): Finding[] {
  if (at === undefined) return []
  const link = on?.includes('->')
  const moments: readonly TriggerName[] | undefined = link ? linkTriggers : hop?.kind && hopKinds[hop.kind].triggers
  if (moments && !moments.includes(at)) {
    const message = `${link ? 'a link' : article(hop!.kind!)} can't fail at ${at}, expected one of: ${moments.join(', ')}`
    return [wrongValue([...path, 'at'], message)]
  }
  if (hop?.kind === 'origin' && TLS_MOMENTS.includes(at) && !hop.tls) {
    return [wrongValue([...path, 'at'], `"${hop.name}" speaks no TLS, so it never comes to ${at}: set tls: true there`)]
  }
  if (effect === 'crash' && hop?.kind && hop.kind !== 'origin') {
    return [
      wrongValue([...path, 'effect'], `${article(hop.kind)} can't crash, only an origin runs in a process of its own`),
    ]
  }
  if ((at === 'connect' || effect === 'crash') && hop?.stopsAccepting) {
    const message = `"${hop.name}" stops accepting by itself (capacity), so no ${at === 'connect' ? at : 'crash'} fault can rule its address as well`
    return [wrongValue([...path, at === 'connect' ? 'at' : 'effect'], message)]
  }
  const possible: readonly string[] = triggers[at].effects
  if (effect === undefined || possible.includes(effect)) return []
  return [wrongValue([...path, 'effect'], `${effect} can't happen at ${at}, expected one of: ${possible.join(', ')}`)]
}

/** A name is asked for by proxies with a resolver, and by nobody else. */
function neverAsked({ on, path }: FaultOutline, hops: readonly HopOutline[]): Finding[] {
  const hop = hops.find(({ name }) => name === on)
  const askers = hops.filter(({ to }) => to.some(({ name }) => name === on))
  if (!hop || askers.some(({ resolves }) => resolves)) return []
  const proxy = askers.find(({ kind }) => kind === 'proxy')
  const remedy = proxy ? `set resolver: {} on "${proxy.name}"` : 'put a proxy with a resolver in front of it'
  return [wrongValue([...path, 'at'], `nobody asks for the name of "${on}": ${remedy}`)]
}

const SELECTORS: readonly string[] = ['first', 'after', 'sequence', 'per', 'probability', 'rate_over', 'match']
const TLS_MOMENTS: readonly TriggerName[] = ['client_hello', 'handshake']

/** What `match` can look at, by what a trigger acts on; a ClientHello says more of a connection. */
const MATCHABLE: Readonly<Record<TriggerScope, readonly string[]>> = {
  address: [],
  lookup: [],
  connection: ['source'],
  chunk: [],
  request: ['method', 'path', 'header', 'source', 'ordinal'],
}
const OF_CLIENT_HELLO = ['ja3', 'ja4', 'sni', 'source']

function uselessSelectors({ keys, match, ratePer, path }: FaultOutline, at: TriggerName): Finding[] {
  if (triggers[at].scope === 'address') {
    return keys
      .filter((key) => SELECTORS.includes(key))
      .map((key) =>
        wrongKey(
          [...path, key],
          `"${key}" has no use at ${at}, since a kernel does not ask: expected window or flapping`,
        ),
      )
  }
  if (ratePer === 'source' && !MATCHABLE[triggers[at].scope].includes('source')) {
    return [wrongValue([...path, 'rate_over', 'per'], `at ${at} nothing is known of a source, expected: all`)]
  }
  const known = TLS_MOMENTS.includes(at) ? OF_CLIENT_HELLO : MATCHABLE[triggers[at].scope]
  if (known.length === 0 && keys.includes('match')) {
    return [wrongKey([...path, 'match'], `at ${at} nothing is known yet that could match`)]
  }
  return match
    .filter((key) => ALL_MATCHABLE.includes(key) && !known.includes(key))
    .map((key) => {
      const message = `"${key}" is not known at ${at}, expected one of: ${known.join(', ')}`
      return wrongKey([...path, 'match', key], message)
    })
}

/** Whose occasion it is, is known of requests only; and `per` counts for selectors that count. */
function uselessCount({ keys, per, path }: FaultOutline, at: TriggerName): Finding[] {
  const { scope } = triggers[at]
  if (scope === 'address' || per === undefined || per === 'all') return []
  if (scope !== 'request') return [wrongValue([...path, 'per'], `at ${at} nobody knows whose it is, expected: all`)]
  if (COUNTING.some((key) => keys.includes(key))) return []
  return [wrongKey([...path, 'per'], `"per" counts nothing here: it goes with ${COUNTING.join(', ')}`)]
}

const COUNTING = ['first', 'after', 'sequence']

const ALL_MATCHABLE = [...Object.values(MATCHABLE).flat(), ...OF_CLIENT_HELLO]

function emptyWindow({ window, path }: FaultOutline): Finding[] {
  const { from = '0ms', to } = window
  const [opens, closes] = [from, to].map((text) => (typeof text === 'string' ? parseDurationMs(text) : undefined))
  if (opens === undefined || closes === undefined || opens < closes) return []
  return [wrongValue([...path, 'window'], `the window is never open: from ${from} is not before to ${to}`)]
}
