/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The rig as a library: real hops on loopback for somebody else's test suite. The suite sends the requests; the rig
 * misbehaves, and tells what the servers saw. Nothing here is shared between two rigs.
 */
import type { JournalEvent } from './journal/events.js'
import { createReduction, type Facts, firedCount } from './journal/reduce.js'
import {
  type AttemptFilter,
  createAttempts,
  operationsIn,
  type SeenAttempt,
  type SeenOperation,
} from './journal/seen.js'
import { invariant, ScenarioError } from './lib/errors.js'
import { suggestion } from './lib/nearest.js'
import { endOfBytes } from './live/site.js'
import { startSite } from './live/start.js'
import { runClients } from './live/thread/load_thread.js'
import { readScenario } from './scenario/files.js'
import { nextHops } from './scenario/hop_names.js'
import type { GatewayHop } from './scenario/hops.js'
import { checkScenario } from './scenario/parse.js'
import type { Scenario, ScenarioInput } from './scenario/schema.js'
import { turnsOf } from './scenario/turns.js'

/** What a program describes: hops, and whatever else of a scenario it wants. */
export type RigInput = Pick<ScenarioInput, 'hops'> & Partial<ScenarioInput>

export interface RigFault {
  /** How often it took effect since the start or the last reset(); null where only a stranger could tell who dialled. */
  readonly fired: number | null
  arm(): Promise<void>
  /** A hop that it has crashed stays dead, until restart_after or reset(). */
  disarm(): Promise<void>
}

export interface Rig extends AsyncDisposable {
  /** Where to send requests: the first proxy, or else the first hop that nothing forwards to. */
  readonly url: string
  /** PEM of the CA that the rig's https hops are signed by; empty where there are none. */
  readonly ca: string
  /** host:port of the name server, for the resolver of any client; undefined where no proxy has one. */
  readonly nameServer: string | undefined
  /** The address of any hop; of one at a unix socket, `unix:` and its path. */
  urlOf(hop: string): string
  /**
   * What to tell a client of the first gateway, with the credentials of its first user: `http://user:password@host:port`.
   * Through it a hop is asked for by its DNS name: `https://shop.test/`. Undefined where there is no gateway.
   */
  readonly proxyUrl: string | undefined
  /**
   * The same of any gateway.
   * @param session the word for the same exit again
   * @throws ScenarioError for a gateway that the rig does not have
   */
  proxyUrlOf(gateway: string, session?: string): string
  /** @throws ScenarioError for an id that the rig does not have */
  fault(id: string): RigFault
  /** What the entrance saw, in order; with a request id, that request's. One entry per attempt of a client. */
  attempts(filter?: AttemptFilter): SeenAttempt[]
  /** What one hop saw. */
  attemptsAt(hop: string, filter?: AttemptFilter): SeenAttempt[]
  /** What requests did at the origins, by the key of each operation, in the order of the first. */
  operations(): SeenOperation[]
  /**
   * Resolves when the condition holds: it is asked now, and whenever a hop has seen something. For what a server sees
   * after the client is done: `await lab.until(() => lab.attempts().length === 3)`.
   * @throws Error when the rig is closed before
   */
  until(condition: () => boolean): Promise<void>
  /** Everything that was journaled since the start or the last reset(). */
  readonly journal: readonly JournalEvent[]
  readonly facts: Facts
  /**
   * Runs the clients that the description names, to the end of their load; with in_turn one after the other, for each of
   * whom windows and counts begin anew, but on hops that are the same.
   */
  load(): Promise<Facts>
  /** Between two tests: forgets what was seen, arms every fault again, and lets windows begin anew. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** A journal in memory has an end: a suite that needs more resets between its tests. */
const EVENT_LIMIT = 1_000_000

/**
 * Starts the hops that are described, by an object or by a scenario file.
 * @throws ScenarioError with every problem of the description
 * @throws CannotRunError when a fixed port is taken
 */
export async function rig(description: RigInput | string): Promise<Rig> {
  const scenario = typeof description === 'string' ? await readScenario(description) : fromProgram(description)
  return openRig(scenario)
}

const fromProgram = (input: RigInput): Scenario =>
  checkScenario({ id: 'rig', title: 'a rig of a program', ...input }, { runnable: false })

/** Of each request body, unless an origin says otherwise. */
const KEPT_BYTES = 16 * 1024

const keepingBodies = ({ hops, ...rest }: Scenario): Scenario => ({
  ...rest,
  hops: Object.fromEntries(
    Object.entries(hops).map(([name, hop]) => [
      name,
      hop.kind === 'origin' && hop.keep_body === undefined ? { ...hop, keep_body: KEPT_BYTES } : hop,
    ]),
  ),
})

async function openRig(described: Scenario): Promise<Rig> {
  const scenario = keepingBodies(described)
  let events: JournalEvent[] = []
  const untold = faultsOfStrangers(scenario)
  let reduction = createReduction(untold)
  const attemptsIn = createAttempts()
  let broken: string | undefined
  const waiters = new Set<Waiter>()
  const journal = (event: JournalEvent): void => {
    invariant(events.length < EVENT_LIMIT, `a rig keeps ${EVENT_LIMIT} events: call reset() between tests`)
    events.push(event)
    reduction.add(event)
    for (const waiter of waiters) waiter.look()
  }
  const site = await startSite(scenario, journal, (message) => {
    broken = message
  })
  await site.beginLoad()
  const entrance = entranceOf(scenario)
  const stop = new AbortController()
  site.scope.add(() => stop.abort())
  site.scope.add(() => {
    for (const waiter of waiters) waiter.giveUp()
  })

  const urlOf = (hop: string): string => {
    known('hop', hop, Object.keys(scenario.hops))
    const { path, port } = site.addressOf(hop)
    if (path !== undefined) return `unix:${path}`
    const scheme = endOfBytes(site, hop).tls ? 'https' : 'http'
    return `${scheme}://127.0.0.1:${port}`
  }
  const gateways = gatewaysOf(scenario)
  const proxyUrlOf = (gateway: string, session?: string): string => {
    known('gateway', gateway, Object.keys(gateways))
    const url = new URL(urlOf(gateway))
    const [user] = gateways[gateway]!.users
    const name = user?.name ?? (session === undefined ? '' : 'anyone')
    url.username = encodeURIComponent(session === undefined ? name : `${name}-session-${session}`)
    url.password = encodeURIComponent(user?.password ?? '')
    return url.href.replace(/\/$/, '')
  }
  const [firstGateway] = Object.keys(gateways)
  const attemptsAt = (hop: string, filter: AttemptFilter = {}): SeenAttempt[] => {
    known('hop', hop, Object.keys(scenario.hops))
    return attemptsIn(events, hop, filter)
  }
  return {
    url: urlOf(entrance),
    ca: site.certificates.ca,
    nameServer: site.nameServer,
    urlOf,
    proxyUrl: firstGateway === undefined ? undefined : proxyUrlOf(firstGateway),
    proxyUrlOf,
    attempts: (filter) => attemptsAt(entrance, filter),
    attemptsAt,
    operations: () => operationsIn(events),
    until: (condition) => waitFor(condition, waiters),
    fault(id) {
      known('fault', id, site.plan.ids)
      return {
        get fired() {
          return firedCount(reduction.facts, id)
        },
        arm: () => site.setArmed(id, true),
        disarm: () => site.setArmed(id, false),
      }
    },
    get journal() {
      return events
    },
    get facts() {
      return reduction.facts
    },
    async load() {
      for (const [n, { clients }] of turnsOf(scenario).entries()) {
        if (n > 0) await site.beginLoad()
        await runClients(site, clients, stop.signal)
        await site.endLoad(stop.signal)
        if (broken) throw new Error(broken)
      }
      return reduction.facts
    },
    async reset() {
      events = []
      reduction = createReduction(untold)
      for (const id of site.plan.ids) {
        site.plan.arm(id)
        site.addressStates.arm(id, true)
      }
      await site.beginLoad()
    },
    close: () => site.scope.close(),
    [Symbol.asyncDispose]: () => site.scope.close(),
  }
}

const gatewaysOf = ({ hops }: Scenario): Record<string, GatewayHop> =>
  Object.fromEntries(Object.entries(hops).flatMap(([name, hop]) => (hop.kind === 'gateway' ? [[name, hop]] : [])))

function entranceOf(scenario: Scenario): string {
  const front = fronts(scenario)
  return front.find((name) => scenario.hops[name]!.kind === 'proxy') ?? front[0]!
}

/** The hops that no other forwards to. */
function fronts({ hops }: Scenario): string[] {
  const reached = new Set(Object.values(hops).flatMap(nextHops))
  return Object.keys(hops).filter((name) => !reached.has(name))
}

/** Faults of an address that the suite's own clients dial: a listener never sees the SYN that is not answered. */
function faultsOfStrangers(scenario: Scenario): string[] {
  const front = fronts(scenario)
  return scenario.faults.filter(({ on, at }) => at.type === 'connect' && front.includes(on)).map(({ id }) => id)
}

/** A program's slip of the tongue is told like one in a file. */
function known(what: string, name: string, valid: readonly string[]): void {
  if (valid.includes(name)) return
  throw new ScenarioError([{ path: '', message: `unknown ${what} "${name}", ${suggestion(name, valid)}` }])
}

/** Somebody who waits for a condition. */
interface Waiter {
  look(): void
  giveUp(): void
}

function waitFor(condition: () => boolean, waiters: Set<Waiter>): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (how: () => void): void => {
      waiters.delete(waiter)
      how()
    }
    const waiter: Waiter = {
      look() {
        try {
          if (condition()) leave(resolve)
        } catch (error) {
          leave(() => reject(error))
        }
      },
      giveUp: () => leave(() => reject(new Error('the rig was closed before that happened'))),
    }
    waiters.add(waiter)
    waiter.look()
  })
}
