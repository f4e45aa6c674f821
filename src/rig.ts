/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The rig as a library: real hops on loopback for somebody else's test suite. The suite sends the requests; the rig
 * misbehaves, and tells what the servers saw. Nothing here is shared between two rigs.
 */
import type { Failure } from './core/failure.js'
import type { ForwardEvent, JournalEvent, ServedEvent } from './journal/events.js'
import { createReduction, type Facts, firedCount } from './journal/reduce.js'
import { invariant, ScenarioError } from './lib/errors.js'
import { suggestion } from './lib/nearest.js'
import { endOfBytes } from './live/site.js'
import { startSite } from './live/start.js'
import { runClients } from './live/thread/load_thread.js'
import { readScenario } from './scenario/files.js'
import { nextHops } from './scenario/hops.js'
import { checkScenario } from './scenario/parse.js'
import type { Scenario, ScenarioInput } from './scenario/schema.js'
import { turnsOf } from './scenario/turns.js'

/** What a program describes: hops, and whatever else of a scenario it wants. */
export type RigInput = Pick<ScenarioInput, 'hops'> & Partial<ScenarioInput>

/** One attempt as the server saw it. */
export interface SeenAttempt {
  /** The hop that saw it. */
  hop: string
  requestId: string
  method: string
  path: string
  /** Milliseconds since the rig started, or since the last reset(). */
  at_ms: number
  /** Since the attempt before it in this list; null for the first. */
  gap_ms: number | null
  request_bytes: number
  /** What was answered; undefined when no status was sent. */
  status: number | undefined
  outcome: string
  failure: Failure | undefined
}

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
  /** PEM of the CA that the rig's https hops are signed by. */
  readonly ca: string
  /** host:port of the name server, for the resolver of any client; undefined where no proxy has one. */
  readonly nameServer: string | undefined
  /** The address of any hop; of one at a unix socket, `unix:` and its path. */
  urlOf(hop: string): string
  /** @throws ScenarioError for an id that the rig does not have */
  fault(id: string): RigFault
  /** What the entrance saw, in order; with a request id, that request's. One entry per attempt of a client. */
  attempts(filter?: { requestId?: string }): SeenAttempt[]
  /** What one hop saw. */
  attemptsAt(hop: string, filter?: { requestId?: string }): SeenAttempt[]
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

async function openRig(scenario: Scenario): Promise<Rig> {
  let events: JournalEvent[] = []
  const untold = faultsOfStrangers(scenario)
  let reduction = createReduction(untold)
  let broken: string | undefined
  const journal = (event: JournalEvent): void => {
    invariant(events.length < EVENT_LIMIT, `a rig keeps ${EVENT_LIMIT} events: call reset() between tests`)
    events.push(event)
    reduction.add(event)
  }
  const site = await startSite(scenario, journal, (message) => {
    broken = message
  })
  await site.beginLoad()
  const entrance = entranceOf(scenario)
  const stop = new AbortController()
  site.scope.add(() => stop.abort())

  const urlOf = (hop: string): string => {
    known('hop', hop, Object.keys(scenario.hops))
    const { path, port } = site.addressOf(hop)
    if (path !== undefined) return `unix:${path}`
    const scheme = endOfBytes(site, hop).tls ? 'https' : 'http'
    return `${scheme}://127.0.0.1:${port}`
  }
  const attemptsAt = (hop: string, filter: { requestId?: string } = {}): SeenAttempt[] => {
    known('hop', hop, Object.keys(scenario.hops))
    return withGaps(events.flatMap((event) => seenAt(hop, event)).filter((seen) => wanted(seen, filter)))
  }
  return {
    url: urlOf(entrance),
    ca: site.certificates.ca,
    nameServer: site.nameServer,
    urlOf,
    attempts: (filter) => attemptsAt(entrance, filter),
    attemptsAt,
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

type Seen = Omit<SeenAttempt, 'gap_ms'>

function seenAt(hop: string, event: JournalEvent): Seen[] {
  if (event.event === 'served' && event.hop === hop && !event.health) return [fromServed(event)]
  if (event.event === 'forward' && event.hop === hop && !event.health) return [fromForward(event)]
  return []
}

const fromServed = (event: ServedEvent): Seen => ({
  hop: event.hop,
  requestId: event.request,
  method: event.method,
  path: event.path,
  at_ms: event.t - event.ms,
  request_bytes: event.request_bytes,
  status: event.status,
  outcome: event.outcome,
  failure: undefined,
})

const fromForward = (event: ForwardEvent): Seen => ({
  hop: event.hop,
  requestId: event.request,
  method: event.method,
  path: event.path,
  at_ms: event.t - event.ms,
  request_bytes: 0,
  status: event.status,
  outcome: event.cut ? 'cut' : event.client_left ? 'aborted' : 'answered',
  failure: event.failure,
})

const wanted = (seen: Seen, { requestId }: { requestId?: string }): boolean =>
  requestId === undefined || seen.requestId === requestId

function withGaps(seen: Seen[]): SeenAttempt[] {
  const ordered = seen.sort((a, b) => a.at_ms - b.at_ms)
  return ordered.map((one, index) => ({ ...one, gap_ms: index === 0 ? null : one.at_ms - ordered[index - 1]!.at_ms }))
}
