/**
 * The names and words of a scenario as far as they can be read, even where other parts of it are wrong: references.ts
 * and fault_references.ts judge from it, so that one reading tells all problems. It finds nothing wrong itself.
 */
import { references } from '../checks/index.js'
import { type EffectName, effects } from '../core/fault/effects/index.js'
import { type TriggerName, triggers } from '../core/fault/triggers/index.js'
import { mappingOf, type Path } from './finding.js'
import { hopKinds } from './hops.js'
import { scenarioSchema } from './schema.js'

/** A name that stands somewhere for a hop, a client or a fault. */
export interface Reference {
  name: string
  path: Path
}

export interface HopOutline extends Reference {
  kind: keyof typeof hopKinds | undefined
  to: readonly Reference[]
  tls: boolean
  /** It finds upstreams by name. */
  resolves: boolean
  /** By which a name server knows it. */
  dnsName: string
  port: number | undefined
  /** Its `capacity` says stop_accepting. */
  stopsAccepting: boolean
  socket: boolean
  /** How it balances; undefined where that can't be read. */
  balance: string | undefined
  /** What its passive health looks at, in HAProxy's words, and whether health checks are there to count it. */
  observe: string | undefined
  checked: boolean
  /** The entries of its list of upstream servers. */
  servers: readonly ServerOutline[]
  /** Of a firewall: what is written of its rules and bans. */
  rules: readonly RuleOutline[]
  bans: { action: string | undefined } | undefined
  /** They come from an nginx configuration. */
  fromNginx: boolean
  /** In whose words it answers; undefined where that is not said. */
  dialect: string | undefined
  /** It has words of its own for its Server header. */
  namesItself: boolean
}

export interface RuleOutline {
  path: Path
  id: string | undefined
  /** The conditions, by where they are written. */
  when: Readonly<Record<string, unknown>>
  unless: Readonly<Record<string, unknown>>
  action: string | undefined
  from: string | undefined
  until: string | undefined
}

export interface ServerOutline {
  path: Path
  backup: boolean
  down: boolean
  joins: string | undefined
  leaves: string | undefined
}

export interface ClientOutline extends Reference {
  to: Reference | undefined
  through: ThroughOutline | undefined
  /** Where it turns to when that failed. */
  fallback: Reference | undefined
  /** Its own, and those of `request`. */
  keys: readonly string[]
  request: readonly string[]
  /** What is written of its load, and of its instances. */
  load: Readonly<Record<string, unknown>>
  /** The headers that name a request or an operation, as they were written: `value` where it is text. */
  ids: readonly { header: string; value: string | undefined; path: Path }[]
  /** It says `idempotency_key: true`. */
  keyed: boolean
  /** It may send more than one request. */
  sendsMany: boolean
  /** Its policy says `attempts: unlimited`, and no deadline. */
  endless: boolean
}

/** How it goes through a gateway. */
export interface ThroughOutline {
  path: Path
  keys: readonly string[]
  gateway: Reference | undefined
  /** The hop whose port it asks instead. */
  port: Reference | undefined
  form: string | undefined
  scheme: string | undefined
}

export interface FaultOutline {
  path: Path
  /** The keys that were written. */
  keys: readonly string[]
  id: string | undefined
  on: string | undefined
  at: TriggerName | undefined
  effect: EffectName | undefined
  /** What the effect was told beside its type. */
  parameters: Readonly<Record<string, unknown>>
  window: Readonly<Record<string, unknown>>
  /** What `rate_over` counts by, and what its other selectors count by. */
  ratePer: string | undefined
  per: string | undefined
  /** The keys of `match`. */
  match: readonly string[]
}

/** What an expectation speaks of: `of` is a fault, a client, a proxy, an origin or any hop. */
export interface ExpectationReference extends Reference {
  of: (typeof references)[keyof typeof references]
}

/** A section is undefined where it can't be told what is in it. */
export interface Outline {
  hops: readonly HopOutline[] | undefined
  clients: readonly ClientOutline[] | undefined
  faults: readonly FaultOutline[] | undefined
  expect: readonly ExpectationReference[][] | undefined
}

export function outlineOf(input: unknown): Outline {
  const root = mappingOf(input)
  // With a key that nobody knows, a section may be there under a wrong name.
  const isComplete = root !== undefined && Object.keys(root).every((key) => key in scenarioSchema.shape)
  const section = (key: string): unknown => (root && Object.hasOwn(root, key) ? root[key] : isComplete ? [] : undefined)
  const named = <T>(key: string, read: (name: string, value: unknown) => T): T[] | undefined => {
    const value = section(key)
    if (Array.isArray(value)) return value.length === 0 ? [] : undefined
    const mapping = mappingOf(value)
    return mapping && Object.entries(mapping).map(([name, entry]) => read(name, entry))
  }
  const listed = <T>(key: string, read: (value: unknown, path: Path) => T): T[] | undefined => {
    const value = section(key)
    return Array.isArray(value) ? value.map((entry, index) => read(entry, [key, index])) : undefined
  }
  return {
    hops: root?.hops === undefined ? undefined : named('hops', hopOutline),
    clients: named('clients', clientOutline),
    faults: listed('faults', faultOutline),
    expect: listed('expect', expectationReferences),
  }
}

function clientOutline(name: string, value: unknown): ClientOutline {
  const path = ['clients', name]
  const { to, through, request, retry, fallback, load, instances } = mappingOf(value) ?? {}
  const { attempts, deadline } = mappingOf(retry) ?? {}
  const { headers, idempotency_key } = mappingOf(request) ?? {}
  const ids = Object.entries(mappingOf(headers) ?? {}).filter(([header]) => NAMING.includes(header.toLowerCase()))
  return {
    name,
    path,
    to: reference(to, [...path, 'to']),
    through: throughOutline(through, [...path, 'through']),
    fallback: reference(mappingOf(fallback)?.to, [...path, 'fallback', 'to']),
    keys: Object.keys(mappingOf(value) ?? {}),
    request: Object.keys(mappingOf(request) ?? {}),
    load: { ...mappingOf(load), instances },
    ids: ids.map(([header, id]) => ({ header, value: textOf(id), path: [...path, 'request', 'headers', header] })),
    keyed: idempotency_key === true,
    sendsMany: (load !== undefined && mappingOf(load)?.requests !== 1) || (instances !== undefined && instances !== 1),
    endless: attempts === 'unlimited' && deadline === undefined,
  }
}

function throughOutline(value: unknown, path: Path): ThroughOutline | undefined {
  const through = mappingOf(value)
  if (!through) return undefined
  const { gateway, port, form, scheme } = through
  return {
    path,
    keys: Object.keys(through),
    gateway: reference(gateway, [...path, 'gateway']),
    port: reference(port, [...path, 'port']),
    form: textOf(form),
    scheme: textOf(scheme),
  }
}

/** Headers by which servers tell requests, or operations, apart. */
const NAMING = ['x-request-id', 'idempotency-key']

function hopOutline(name: string, value: unknown): HopOutline {
  const path = ['hops', name]
  const { kind, to, tls, port, socket, capacity, resolver, dns, balance, nginx, dialect, server_header, rules, bans } =
    mappingOf(value) ?? {}
  const { passive_health, health_check } = mappingOf(value) ?? {}
  const edges = Array.isArray(to) ? to.flatMap((edge, index) => edgeReferences(edge, [...path, 'to', index])) : []
  return {
    name,
    path,
    kind: wordOf(hopKinds, kind),
    to: [reference(to, [...path, 'to']), ...edges].filter((edge) => edge !== undefined),
    tls: tls === true || mappingOf(tls) !== undefined,
    resolves: resolver !== undefined,
    dnsName: textOf(mappingOf(dns)?.name) ?? `${name}.test`,
    socket: socket === true,
    port: typeof port === 'number' ? port : undefined,
    stopsAccepting: mappingOf(capacity)?.when_full === 'stop_accepting',
    balance: wordOfKind(balance),
    observe: textOf(mappingOf(passive_health)?.observe),
    checked: health_check !== undefined,
    servers: Array.isArray(to) ? to.map((edge, index) => serverOutline(edge, [...path, 'to', index])) : [],
    rules: Array.isArray(rules) ? rules.map((rule, index) => ruleOutline(rule, [...path, 'rules', index])) : [],
    bans: bans === undefined ? undefined : { action: wordOfKind(mappingOf(bans)?.action) },
    fromNginx: nginx !== undefined,
    dialect: textOf(dialect),
    namesItself: server_header !== undefined,
  }
}

function ruleOutline(value: unknown, path: Path): RuleOutline {
  const { id, when, unless, action, from, until } = mappingOf(value) ?? {}
  return {
    path,
    id: textOf(id),
    when: mappingOf(when) ?? {},
    unless: mappingOf(unless) ?? {},
    action: wordOfKind(action),
    from: textOf(from),
    until: textOf(until),
  }
}

function serverOutline(edge: unknown, path: Path): ServerOutline {
  const { backup, down, joins, leaves } = mappingOf(edge) ?? {}
  return { path, backup: backup === true, down: down === true, joins: textOf(joins), leaves: textOf(leaves) }
}

/** The next hop, and the one whose port is used. */
function edgeReferences(edge: unknown, path: Path): (Reference | undefined)[] {
  const { hop, port } = mappingOf(edge) ?? {}
  return [reference(edge, path) ?? reference(hop, [...path, 'hop']), reference(port, [...path, 'port'])]
}

function faultOutline(value: unknown, path: Path): FaultOutline {
  const fault = mappingOf(value) ?? {}
  return {
    path,
    keys: Object.keys(fault),
    id: textOf(fault.id),
    on: textOf(fault.on),
    at: wordOf(triggers, mappingOf(fault.at)?.type ?? fault.at),
    effect: wordOf(effects, mappingOf(fault.effect)?.type ?? fault.effect),
    parameters: mappingOf(fault.effect) ?? {},
    window: mappingOf(fault.window) ?? {},
    ratePer: textOf(mappingOf(fault.rate_over)?.per),
    per: textOf(fault.per),
    match: Object.keys(mappingOf(fault.match) ?? {}),
  }
}

const expectationReferences = (value: unknown, path: Path): ExpectationReference[] =>
  Object.entries(references).flatMap(([key, of]) => {
    const found = reference(mappingOf(value)?.[key], [...path, key])
    return found ? [{ ...found, of }] : []
  })

const reference = (name: unknown, path: Path): Reference | undefined =>
  typeof name === 'string' ? { name, path } : undefined

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** `reset` or `{ type: reset }`. */
const wordOfKind = (value: unknown): string | undefined => textOf(mappingOf(value)?.type ?? value)

const wordOf = <Table extends object>(table: Table, value: unknown): keyof Table | undefined =>
  typeof value === 'string' && Object.hasOwn(table, value) ? (value as keyof Table) : undefined
