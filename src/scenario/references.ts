/**
 * What no schema can say of a scenario: names that must exist, loops, what fits together. parse.ts calls it with an
 * outline, which may be of a scenario with other problems; what can't be read there is passed over.
 */
import { suggestion } from '../lib/nearest.js'
import { findBalanceProblems } from './balance_references.js'
import { findClientProblems, hopsOf } from './client_references.js'
import { findFaultProblems } from './fault_references.js'
import { type Finding, wrongKey, wrongValue } from './finding.js'
import { article, namesOf, unknownName } from './names.js'
import type { ExpectationReference, HopOutline, Outline, Reference } from './outline.js'
import { findSocketProblems } from './socket_references.js'
import { findWafProblems, unknownRule } from './waf_references.js'

/** Each is a listener of its own, and a chain of them is walked in depth. */
const MAX_HOPS = 1000

export function findReferenceProblems(outline: Outline): Finding[] {
  const { hops } = outline
  if (hops && (hops.length === 0 || hops.length > MAX_HOPS)) {
    const finding = wrongValue(['hops'], `expected 1 to ${MAX_HOPS} hops; got ${hops.length}`)
    return [finding, ...findReferenceProblems({ ...outline, hops: undefined })]
  }
  return [
    ...(hops ? findHopProblems(hops) : []),
    ...findClientProblems(outline),
    ...(outline.faults ? findFaultProblems(outline.faults, outline) : []),
    ...findSocketProblems(outline),
    ...(outline.expect ?? []).flatMap((references) =>
      references.flatMap((reference) => wrongReference(reference, references, outline)),
    ),
  ]
}

/** What a scenario lacks that is to be run and judged, not just started by a program. */
export function findIdleParts({ clients, expect }: Outline): Finding[] {
  const noClient = wrongValue(['clients'], 'expected at least one client: without any, nothing happens')
  const noCheck = wrongValue(['expect'], "expected at least one expectation: a scenario without any can't fail")
  return [...(clients?.length === 0 ? [noClient] : []), ...(expect?.length === 0 ? [noCheck] : [])]
}

/** Hops where no request can arrive. Only of use when hops and clients hold no other problem. */
export function findUnreachedHops({ hops = [], clients = [] }: Outline): Finding[] {
  const byName = new Map(hops.map((hop) => [hop.name, hop]))
  const reached = new Set<string>()
  const visit = ({ name }: Reference): void => {
    if (reached.has(name)) return
    reached.add(name)
    for (const next of byName.get(name)?.to ?? []) visit(next)
  }
  for (const hop of clients.flatMap(hopsOf)) visit(hop)
  return hops
    .filter(({ name }) => !reached.has(name))
    .map(({ name, path }) => wrongKey(path, `no client reaches the hop "${name}"`))
}

function findHopProblems(hops: readonly HopOutline[]): Finding[] {
  return [
    ...hops.flatMap(({ to }) => to.flatMap((edge) => unknownName('hop', edge, namesOf(hops)))),
    ...hops.flatMap(twiceInOneList),
    ...findLoops(hops),
    ...findTakenPorts(hops),
    ...findTakenNames(hops),
    ...findBalanceProblems(hops),
    ...findWafProblems(hops),
  ]
}

const twiceInOneList = ({ to }: HopOutline): Finding[] =>
  to
    .filter(({ name }, index) => to.findIndex((edge) => edge.name === name) < index)
    .map(({ name, path }) => wrongValue(path, `"${name}" is in the list twice`))

function findTakenPorts(hops: readonly HopOutline[]): Finding[] {
  return hops.flatMap(({ port, path }, index) => {
    const first = port === undefined ? undefined : hops.slice(0, index).find((hop) => hop.port === port)
    return first ? [wrongValue([...path, 'port'], `port ${port} is taken by "${first.name}"`)] : []
  })
}

function findTakenNames(hops: readonly HopOutline[]): Finding[] {
  return hops.flatMap(({ dnsName, path }, index) => {
    const first = hops.slice(0, index).find((hop) => hop.dnsName === dnsName)
    return first ? [wrongValue([...path, 'dns', 'name'], `the name ${dnsName} is taken by "${first.name}"`)] : []
  })
}

/** Each loop once, where it closes. */
function findLoops(hops: readonly HopOutline[]): Finding[] {
  const byName = new Map(hops.map((hop) => [hop.name, hop]))
  const loops: Finding[] = []
  const done = new Set<string>()
  const visit = (hop: HopOutline, way: readonly string[]): void => {
    const here = [...way, hop.name]
    for (const edge of hop.to) {
      const start = here.indexOf(edge.name)
      const next = byName.get(edge.name)
      if (start >= 0) {
        loops.push(wrongValue(edge.path, `the hops form a loop: ${[...here.slice(start), edge.name].join(' -> ')}`))
      } else if (next && !done.has(next.name)) visit(next, here)
    }
    done.add(hop.name)
  }
  for (const hop of hops) if (!done.has(hop.name)) visit(hop, [])
  return loops
}

function wrongReference(
  reference: ExpectationReference,
  beside: readonly ExpectationReference[],
  { hops, clients, faults }: Outline,
): Finding[] {
  const { of, name, path } = reference
  if (of === 'client') return clients ? unknownName(of, reference, namesOf(clients)) : []
  if (of === 'fault') {
    const ids = faults?.map(({ id }) => id).filter((id) => id !== undefined)
    // A fault whose id can't be read may be the one that is meant.
    return ids && ids.length === faults?.length ? unknownName(of, reference, ids) : []
  }
  if (!hops) return []
  if (of === 'server') return wrongServer(reference, beside, hops)
  if (of === 'rule')
    return unknownRule(
      reference,
      hops.find((hop) => isNamed(hop, beside, 'waf')),
    )
  const hop = hops.find((one) => one.name === name)
  const fitting = hops.filter(({ kind }) => of === 'hop' || kind === undefined || [kind, ALIKE[kind]].includes(of))
  if (!hop) return unknownName(of, reference, namesOf(fitting))
  if (fitting.includes(hop)) return []
  const hint = fitting.length === 0 ? `the scenario has no ${of}` : `expected one of: ${namesOf(fitting).join(', ')}`
  return [wrongValue(path, `"${name}" is ${article(hop.kind!)}, not ${article(of)}, ${hint}`)]
}

/** A gateway is a proxy to those who judge. */
const ALIKE: Partial<Record<string, string>> = { gateway: 'proxy' }

const isNamed = (
  { name }: HopOutline,
  beside: readonly ExpectationReference[],
  of: ExpectationReference['of'],
): boolean => beside.some((reference) => reference.of === of && reference.name === name)

/** One of another proxy, or a hop that is none: as far as it can be told who the proxy is, and whom it forwards to. */
function wrongServer(
  { name, path }: Reference,
  beside: readonly ExpectationReference[],
  hops: readonly HopOutline[],
): Finding[] {
  const named = beside.find(({ of }) => of === 'proxy')?.name
  const proxy = hops.find(
    (hop) =>
      (hop.name === named && ALIKE[hop.kind ?? ''] !== undefined) || (hop.name === named && hop.kind === 'proxy'),
  )
  const known = namesOf(proxy?.to ?? [])
  if (!proxy || known.length === 0 || known.includes(name)) return []
  return [wrongValue(path, `"${name}" is not a server of "${proxy.name}", ${suggestion(name, known)}`)]
}
