/**
 * The bench of one rule: its rigs, the client in front of them, and what servers saw, in the client's time. audit.ts makes
 * one for each rule and closes it; rules see it as `Bench`.
 */
import type { Answer, Running, RunningCall, Subject } from '../clients/driver.js'
import type { SeenAttempt } from '../journal/seen.js'
import { createScope } from '../lib/scope.js'
import { type Rig, type RigInput, rig } from '../rig.js'
import { forMarkedPaths, withoutMarks } from './marked_rig.js'
import type { Ask, Asked, Bench, BenchFault } from './rule.js'

export interface OpenBench extends Bench {
  /** The client, if the rule has called it. */
  readonly running: Running | undefined
  /** The first that the servers of its rigs have seen, so many lines. */
  story(most: number): string[]
  /** Resolves with the number of attempts when the client makes so many that no rule can want them. */
  readonly flooded: Promise<number>
  /** What else is to be told of the client and its calls. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

// Those of a test suite that fakes its own later do not ring.
const { setTimeout, setImmediate } = globalThis

/** A rig keeps a million at most, in memory. An attempt makes three or four. */
const MOST_EVENTS = 300_000

/**
 * @param rule the names of its requests begin with it
 * @param mostEvents of what one rig journals, before the bench is flooded
 */
export function createBench(subject: Subject, rule: string, seed: number, mostEvents = MOST_EVENTS): OpenBench {
  const scope = createScope()
  const labs: Rig[] = []
  const notes: string[] = []
  const { timeScale } = subject
  let starting: Promise<Running> | undefined
  let running: Running | undefined
  let closed = false
  let lastId = 0
  let flood: (attempts: number) => void
  const flooded = new Promise<number>((resolve) => {
    flood = resolve
  })

  const start = async (): Promise<Running> => {
    running = await subject.start()
    scope.add(() => running!.close())
    // The rule's time was up meanwhile.
    if (closed) await running.close()
    return running
  }
  const client = (): Promise<Running> => {
    starting ??= start()
    return starting
  }
  const attempts = (lab: Rig, asked?: Asked): SeenAttempt[] =>
    lab.attempts(asked ? { requestId: asked.id } : {}).map((seen) => inClientTime(seen, timeScale))
  return {
    subject,
    get running() {
      return running
    },
    async rig(input) {
      const own = { seed, ...described(input) }
      const lab = subject.knownByPath ? withoutMarks(await rig(forMarkedPaths(own))) : await rig(own)
      labs.push(lab)
      const full = lab.until(() => lab.journal.length > mostEvents)
      full.then(() => flood(lab.attempts().length)).catch(() => {})
      scope.add(() => lab.close())
      if (closed) await lab.close()
      return lab
    },
    client,
    async ask(lab, ask = {}) {
      const id = `${rule}-${++lastId}`
      const its = await client()
      const call = its.call(callOf(lab, id, ask))
      void call.answer.then(({ note }) => note !== undefined && notes.push(note))
      const answer = withStatus(ownEnd(call.answer), lab, id)
      const cut = call.answer.then((how) => (how.cut ? undefined : new Promise<never>(() => {})))
      return asked(id, lab, { answer, abort: () => call.abort() }, cut, timeScale)
    },
    attempts,
    told: toldAttempts,
    flooded,
    get notes() {
      return [...notes, ...(running?.notes ?? [])]
    },
    story: (most) => labs.flatMap((lab) => toldAttempts(attempts(lab).slice(0, most))).slice(0, most),
    async close() {
      closed = true
      await starting?.catch(() => {})
      await scope.close()
    },
  }
}

function described(input: RigInput | { faults: BenchFault[] }): RigInput {
  if ('hops' in input) return input
  return { hops: { app: { kind: 'origin' } }, faults: input.faults.map((fault) => ({ on: 'app', ...fault })) }
}

function callOf(lab: Rig, id: string, { path = '/', method = 'GET', headers = {}, body }: Ask) {
  const call = { url: new URL(path, lab.url).href, method, headers: { 'x-request-id': id, ...headers } }
  return { ...call, ...(body && { body }), ...(lab.proxyUrl && { proxy: lab.proxyUrl }) }
}

const inClientTime = (seen: SeenAttempt, scale: number): SeenAttempt => ({
  ...seen,
  at_ms: seen.at_ms * scale,
  gap_ms: seen.gap_ms === null ? null : seen.gap_ms * scale,
})

function toldAttempts(attempts: readonly SeenAttempt[]): string[] {
  return attempts.map(({ method, path, gap_ms, status, outcome, retry_after }, n) => {
    const when = gap_ms === null ? '' : `, ${Math.round(gap_ms)} ms later`
    const hint = retry_after === undefined ? '' : `, Retry-After: ${retry_after}`
    const how = status === undefined ? outcome : `${status}${outcome === 'answered' ? '' : `, ${outcome}`}`
    return `attempt ${n + 1}${when}: ${method} ${path}, ${how}${hint}`
  })
}

/** @param cut resolves when we ended the call ourselves: nothing comes of it any more */
function asked(id: string, lab: Rig, { answer, abort }: RunningCall, cut: Promise<undefined>, scale: number): Asked {
  return {
    id,
    answer,
    abort,
    async settled(withinMs) {
      const how = await Promise.race([answer, cut, silence(lab, withinMs / scale)])
      await seenByServers()
      return how
    },
  }
}

/** Whom we ended has not answered, and never will. */
const ownEnd = (answer: Promise<Answer>): Promise<Answer> =>
  answer.then((how) => (how.cut ? new Promise<never>(() => {}) : how))

/** A program may tell no status: then its caller is given what the server answered last. */
async function withStatus(answer: Promise<Answer>, lab: Rig, id: string): Promise<Answer> {
  const own = await answer
  if (own.error !== undefined || own.status !== undefined) return own
  await seenByServers()
  const status = lab.attempts({ requestId: id }).at(-1)?.status
  return status === undefined ? own : { ...own, status }
}

/** A machine that is busy with something else is silent as well, for a second or two. */
const LEAST_SILENCE_MS = 3000

/** Resolves when the rig has seen nothing for so many real milliseconds. */
function silence(lab: Rig, ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    const listen = (before: number): void => {
      const after = () => (lab.journal.length === before ? resolve(undefined) : listen(lab.journal.length))
      // What arrived while this process itself was held up is read first.
      setTimeout(() => setImmediate(after), Math.max(ms, LEAST_SILENCE_MS)).unref()
    }
    listen(lab.journal.length)
  })
}

/** The caller is done a moment before a server that talked to it has written down how that ended. */
const seenByServers = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS))
const AFTERMATH_MS = 25
