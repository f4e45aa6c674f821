/** Starts all hops of a scenario on loopback, those in the back first. run.ts and rig.ts call it. */
import { createFaultPlan } from '../core/fault/plan.js'
import type { Journal } from '../journal/events.js'
import { invariant } from '../lib/errors.js'
import { chanceFrom } from '../lib/random.js'
import { createScope, type Scope } from '../lib/scope.js'
import { dnsNamesOf, nextHops } from '../scenario/hop_names.js'
import type { Hop, OriginHop, ProxyHop } from '../scenario/hops.js'
import type { Scenario } from '../scenario/schema.js'
import { createAddressStates, type OwnStates } from './address_states.js'
import { type Certificates, createCertificates } from './certificates.js'
import { allHeard } from './clock.js'
import { createCourse } from './course.js'
import { startOrigin } from './origin/origin.js'
import { mayCrash, startHopProcess } from './process/hop_process.js'
import { mustBeFree } from './proxies/places.js'
import { fixedPorts, replacedHop, type StandIn } from './proxies/stand_in.js'
import { startRelay } from './relay.js'
import { type Address, formatAddress, type Site } from './site.js'
import { socketPath } from './unix.js'

export interface LiveSite extends Site {
  readonly addressStates: OwnStates
  /** From now on `t` counts: windows open and close relative to this moment. */
  beginLoad(): Promise<void>
  /** The clients are done: resolves when the hops have finished what they had in hand, or on abort. */
  endLoad(signal: AbortSignal): Promise<void>
  /** Arms or disarms a fault, and waits until listeners follow. */
  setArmed(fault: string, armed: boolean): Promise<void>
}

/**
 * @param journal null: nobody listens
 * @param standIn who stands in for one of the proxies; without, all are mini proxies
 * @throws CannotRunError when a fixed port is taken; everything that had started is closed again
 */
export async function startSite(
  scenario: Site['scenario'] & Pick<Scenario, 'seed'>,
  journal: Journal | null,
  onBroken: (message: string) => void,
  standIn?: StandIn,
): Promise<LiveSite> {
  const scope = createScope()
  const site = createSite(
    scenario,
    journal,
    onBroken,
    scope,
    await createCertificates(speaksTls(scenario.hops), (name) => dnsNamesOf(name, scenario.hops)),
  )
  if (asksByName(scenario.hops)) site.nameServer = await (await parts.resolver()).startNameServer(site)
  const replaced = standIn && replacedHop(scenario)
  const ports = fixedPorts(scenario, standIn)
  const starting = startHops(site, ports, (name, hop) =>
    name === replaced && hop.kind === 'proxy' ? startStandIn(site, name, hop, standIn!) : startHop(site, name, hop),
  )
  try {
    await Promise.all(starting.values())
    for (const name of [...starting.keys()].flatMap((hop) => [hop, ...linksTo(hop, scenario)])) {
      const kind = scenario.hops[name]?.kind ?? 'relay'
      const address = formatAddress(site.addresses.get(name)!)
      const product = name === replaced ? standIn!.name : undefined
      site.journal({ event: 'hop', t: site.now(), hop: name, kind, address, product })
    }
    await site.followAddresses()
    return site
  } catch (error) {
    await Promise.allSettled(starting.values())
    await scope.close()
    throw error
  }
}

/** Each as soon as those behind it are there, side by side: some start a process. */
function startHops(
  site: Site & { addresses: Map<string, Address> },
  ports: ReadonlyMap<string, number>,
  startOne: (name: string, hop: Hop) => Promise<Address>,
): ReadonlyMap<string, Promise<Address>> {
  const { addresses } = site
  const { hops } = site.scenario
  const starting = new Map<string, Promise<Address>>()
  for (const name of backToFront(hops)) {
    const start = async (): Promise<Address> => {
      await Promise.all(nextHops(hops[name]!).map((next) => starting.get(next)))
      const port = await freeFor(name, ports)
      const address = await startOne(name, port === undefined ? hops[name]! : { ...hops[name]!, port })
      addresses.set(name, address)
      for (const link of linksTo(name, site.scenario)) {
        addresses.set(link, await startRelay(site, link, name, await freeFor(link, ports)))
      }
      return address
    }
    starting.set(name, start())
  }
  return starting
}

/** @throws CannotRunError when the port that the place must have is taken */
async function freeFor(place: string, ports: ReadonlyMap<string, number>): Promise<number | undefined> {
  const port = ports.get(place)
  if (port !== undefined) await mustBeFree(place, port, 'Free the port, or name another one with --proxy-upstream-port')
  return port
}

async function startStandIn(site: Site, name: string, hop: ProxyHop, standIn: StandIn): Promise<Address> {
  if (standIn.is === 'url') return (await import('./proxies/foreign.js')).awaitForeign(site, name, standIn)
  return (await import('./proxies/product.js')).startProduct(site, name, hop, standIn)
}

/** What a hop builds on is loaded with the first that needs it: all of it takes longer than many a run. */
const parts = {
  waf: () => import('./waf/waf.js'),
  proxy: () => import('./proxy/proxy.js'),
  gateway: () => import('./gateway/gateway.js'),
  resolver: () => import('./resolver.js'),
}

/** All that these scenarios need. run.ts and matrix.ts call it ahead. */
export async function loadParts(scenarios: readonly Pick<Scenario, 'hops'>[]): Promise<void> {
  const needed = new Set<() => Promise<unknown>>()
  for (const { hops } of scenarios) {
    for (const { kind } of Object.values<Hop>(hops)) if (kind !== 'origin') needed.add(parts[kind])
    if (asksByName(hops)) needed.add(parts.resolver)
    if (speaksTls(hops)) needed.add(createCertificates)
  }
  await Promise.all([...needed].map((load) => load()))
}

async function startHop(site: Site, name: string, hop: Hop): Promise<Address> {
  switch (hop.kind) {
    case 'origin':
      return startOriginSomewhere(site, name, hop)
    case 'waf':
      return (await parts.waf()).startWaf(site, name, hop)
    case 'proxy':
      return (await parts.proxy()).startProxy(site, name, hop)
    case 'gateway':
      return (await parts.gateway()).startGateway(site, name, hop)
  }
}

/** Here, or in a process that a fault may kill; at a port, or at a unix socket. */
async function startOriginSomewhere(site: Site, name: string, hop: OriginHop): Promise<Address> {
  const path = hop.socket ? await socketPath(site.scope, name) : undefined
  return mayCrash(site, name) ? startHopProcess(site, name, hop, path) : startOrigin(site, name, hop, path)
}

/** Such as `lb->app`, where it has a fault: it takes a relay, which goes by that name. */
const linksTo = (hop: string, { faults }: Pick<Scenario, 'faults'>): string[] => [
  ...new Set(faults.map(({ on }) => on).filter((on) => on.endsWith(`->${hop}`))),
]

function createSite(
  scenario: Site['scenario'] & Pick<Scenario, 'seed'>,
  journal: Journal | null,
  onBroken: (message: string) => void,
  scope: Scope,
  certificates: Certificates,
) {
  const chance = chanceFrom(scenario.seed)
  const plan = createFaultPlan(scenario.faults, chance)
  const addresses = new Map<string, Address>()
  const links = scenario.faults.map(({ on }) => on).filter((on) => on.includes('->'))
  const addressStates = createAddressStates([...Object.keys(scenario.hops), ...links], scenario.faults)
  const course = createCourse(plan, scope)
  const { now, follow } = course
  const atLoadEnd: ((signal: AbortSignal) => Promise<void>)[] = []
  const atLoadStart: (() => void)[] = []
  let closing = false
  scope.add(() => {
    closing = true
  })
  return {
    scenario,
    plan,
    chance,
    certificates,
    scope,
    addresses,
    followAddresses: follow,
    journaling: journal !== null,
    journal: journal ?? (() => {}),
    now,
    addressOf(hop: string, from?: string): Address {
      const address = (from !== undefined && addresses.get(`${from}->${hop}`)) || addresses.get(hop)
      invariant(address, `hop "${hop}" was asked for before it had started`)
      return address
    },
    onAddressChange: course.onAddressChange,
    nameServer: undefined as string | undefined,
    addressStates,
    loadStart: course.loadStart,
    crash: undefined,
    broken(message: string) {
      if (closing) return
      journal?.({ event: 'error', t: now(), message })
      onBroken(message)
    },
    onLoadEnd: (finish: (signal: AbortSignal) => Promise<void>) => void atLoadEnd.push(finish),
    onLoadStart: (act: () => void) => void atLoadStart.push(act),
    async beginLoad() {
      await course.begin()
      for (const act of atLoadStart) act()
    },
    async endLoad(signal: AbortSignal) {
      // Who is done has closed what it left behind: the other ends of that are still to hear of it.
      await allHeard()
      await Promise.all(atLoadEnd.map((finish) => finish(signal)))
    },
    async setArmed(fault: string, armed: boolean) {
      if (armed) plan.arm(fault)
      else plan.disarm(fault)
      addressStates.arm(fault, armed)
      await follow()
    },
  }
}

/** Whoever accepts connections does, or who dials, also where nobody there would understand. */
const speaksTls = (hops: Readonly<Record<string, Hop>>): boolean =>
  Object.values(hops).some(
    (hop) => ('tls' in hop && hop.tls) || (hop.kind === 'proxy' && hop.to.some(({ scheme }) => scheme === 'https')),
  )

const asksByName = (hops: Readonly<Record<string, Hop>>): boolean =>
  Object.values(hops).some((hop) => 'resolver' in hop && hop.resolver !== undefined)

/** Every hop after those it forwards to. The scenario holds no loop. */
function backToFront(hops: Readonly<Record<string, Hop>>): string[] {
  const order = new Set<string>()
  const visit = (name: string): void => {
    if (order.has(name)) return
    for (const next of nextHops(hops[name]!)) visit(next)
    order.add(name)
  }
  for (const name of Object.keys(hops)) visit(name)
  return [...order]
}
