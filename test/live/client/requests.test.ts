/** What clients do with failures, counted at the origin: retries, hedges, refusals, fallbacks, keys, deadlines. */
import t, { type Test } from 'tap'
import type { AttemptEvent, OperationEvent, RequestEvent, ServedEvent } from '../../../src/journal/events.js'
import { type Rig, type RigInput, rig } from '../../../src/rig.js'
import { until } from '../peers.js'

type Client = NonNullable<RigInput['clients']>[string]

interface Ran {
  lab: Rig
  attempts: AttemptEvent[]
  requests: RequestEvent[]
  /** What that origin read, checks of health apart, when so many are told. */
  served(hop: string, count: number): Promise<ServedEvent[]>
  checks: ServedEvent[]
  operations: OperationEvent[]
}

/** The load of the client `plain` in front of `app`, to its end; `spare` is another origin. */
async function ran(t: Test, client: Omit<Client, 'to'>, faults: object[] = [], app: object = {}): Promise<Ran> {
  const hops = { app: { kind: 'origin', ...app }, ...(client.fallback && { spare: { kind: 'origin' } }) }
  const lab = await rig({ hops, clients: { plain: { to: 'app', ...client } }, faults } as RigInput)
  t.teardown(() => lab.close())
  await lab.load()
  const all = <Kind extends Rig['journal'][number]['event']>(kind: Kind) =>
    lab.journal.filter((event): event is Extract<Rig['journal'][number], { event: Kind }> => event.event === kind)
  return {
    lab,
    attempts: all('attempt'),
    requests: all('request'),
    checks: all('served').filter(({ health }) => health),
    operations: all('operation'),
    async served(hop, count) {
      const work = () => all('served').filter((event) => event.hop === hop && !event.health)
      await until(() => work().length >= count)
      return work()
    },
  }
}

const fault = (effect: object | string, more: object = {}) => ({
  id: 'f',
  on: 'app',
  at: 'request_head',
  effect,
  ...more,
})
const unavailable = (more: object = {}) => fault({ type: 'respond', status: 503 }, more)
const retry = (more: object = {}) => ({ type: 'full_jitter', base: '1ms', attempts: 3, ...more }) as const
const outcomesOf = (served: readonly ServedEvent[]) => served.map(({ outcome }) => outcome)
const decisionsOf = ({ attempts }: Ran) => attempts.map(({ decision }) => decision)

t.test('Retry-After is kept to, at the origin’s clock', async (t) => {
  const headers = { 'Retry-After': '1' }
  const seen = await ran(t, { retry: retry() }, [fault({ type: 'respond', status: 503, headers }, { first: 1 })])
  const [, second] = seen.lab.attemptsAt('app')
  t.ok(second!.gap_ms! >= 1000, `${second!.gap_ms}`)
  t.match(seen.attempts, [{ retry_after: '1', decision: 'again: 503', wait_ms: 1000 }, { retry_after: undefined }])
  t.match(seen.requests, [{ ok: true, attempts: 2, why: 'success' }])
})

t.test('one that asks for more patience than there is ends the request', async (t) => {
  const headers = { 'Retry-After': '86400' }
  const seen = await ran(t, { retry: retry() }, [fault({ type: 'respond', status: 503, headers })])
  t.equal((await seen.served('app', 1)).length, 1)
  t.match(seen.requests, [{ ok: false, attempts: 1, status: 503, why: 'retry_after' }])
})

t.test('a hedge wins, and the connection of the loser is closed', async (t) => {
  const slow = fault({ type: 'delay', by: '1h' }, { first: 1 })
  const seen = await ran(t, { hedge: { after: '20ms' } }, [slow])
  t.same(outcomesOf(await seen.served('app', 2)).sort(), ['aborted', 'answered'])
  t.match(seen.attempts, [
    { attempt: 2, cancelled: undefined, status: 200, decision: 'success', hedge: true },
    { attempt: 1, cancelled: true, status: undefined, decision: 'another_answered', hedge: undefined },
  ])
  t.match(seen.requests, [{ ok: true, attempts: 2, status: 200 }])
  // On the client's clock: the first one may take its time to arrive.
  const [second, first] = seen.attempts.map((attempt) => attempt.t - attempt.ms)
  t.ok(second! - first! >= 19, `${second! - first!}`)
})

t.test('without cancelling both are answered, and one is used', async (t) => {
  const slow = fault({ type: 'delay', by: '1s' }, { first: 1 })
  const seen = await ran(t, { hedge: { after: '10ms', cancel: false } }, [slow])
  t.same(outcomesOf(await seen.served('app', 2)), ['answered', 'answered'])
  t.same(decisionsOf(seen), ['success', 'too_late'])
  t.match(seen.requests, [{ ok: true, attempts: 2 }])
  t.match(seen.attempts, [{ attempt: 2 }, { attempt: 1, status: 200, cancelled: undefined }])
})

t.test('a failure sends the next hedge at once', async (t) => {
  const seen = await ran(t, { hedge: { after: '1h', attempts: 3 } }, [unavailable({ first: 2 })])
  t.equal((await seen.served('app', 3)).length, 3)
  t.same(decisionsOf(seen), ['hedge: 503', 'hedge: 503', 'success'])
})

t.test('what a breaker refuses the origin never sees', async (t) => {
  const breaker = { type: 'circuit_breaker', window: 2, minimum: 2, open: '1h' } as const
  const seen = await ran(t, { admission: [breaker], load: { requests: 5 } }, [unavailable()])
  t.equal((await seen.served('app', 2)).length, 2)
  t.same(
    seen.requests.map(({ attempts, ok, refused }) => [attempts, ok, refused]),
    [[1, false, undefined], [1, false, undefined], ...Array.from({ length: 3 }, () => [0, false, 'circuit_breaker'])],
  )
})

t.test('a fallback is asked once, when all else has failed', async (t) => {
  const client = { fallback: { to: 'spare' }, retry: retry({ attempts: 2 }) }
  const seen = await ran(t, client, [fault('reset')])
  t.equal((await seen.served('app', 2)).length, 2)
  t.equal((await seen.served('spare', 1)).length, 1)
  t.match(seen.attempts, [
    { fallback: undefined },
    { decision: 'fallback: attempts_exhausted' },
    { attempt: 3, fallback: true, status: 200, decision: 'success' },
  ])
  t.match(seen.requests, [{ ok: true, attempts: 3, status: 200 }])
})

t.test('health first: nothing is sent while the check is not ok', async (t) => {
  const sick = unavailable({ match: { path: '/ready' }, first: 2 })
  const client = { health_first: { path: '/ready' }, retry: retry(), request: { method: 'POST' } }
  const seen = await ran(t, client, [sick])
  t.equal((await seen.served('app', 1)).length, 1)
  t.same(
    seen.checks.map(({ path, status, request }) => [path, status, request]),
    [1, 2, 3].map((n) => ['/ready', n < 3 ? 503 : 200, `check-plain-1-${n}`]),
  )
  t.match(seen.requests, [{ ok: true, attempts: 1, unhealthy: 2 }])
  t.match(seen.attempts, [{ attempt: 3, status: 200 }])
})

t.test('an idempotency key is the same for every attempt, and makes it one operation', async (t) => {
  const lost = fault('reset', { at: 'response_head', first: 1 })
  const client = { retry: retry(), request: { method: 'POST', idempotency_key: true } }
  for (const [once, applied] of [
    [true, [1, 0]],
    [false, [1, 2]],
  ] as const) {
    const seen = await ran(t, client, [lost], { operations: { once } })
    t.same(
      seen.operations.map((event) => [event.key, event.applied]),
      applied.map((n) => ['plain-1', n]),
    )
    t.match(seen.requests, [{ ok: true, attempts: 2 }])
  }
  const bare = await ran(t, { ...client, request: { method: 'POST' } }, [lost])
  t.same(outcomesOf(await bare.served('app', 1)), ['faulted'], 'without a key a POST is not repeated')
})

t.test('a deadline cuts what runs, and nothing comes after it', async (t) => {
  const seen = await ran(t, { retry: retry({ attempts: 5, deadline: '500ms' }) }, [fault({ type: 'delay', by: '1h' })])
  t.same(outcomesOf(await seen.served('app', 1)), ['aborted'])
  t.match(seen.attempts, [{ cancelled: true, decision: 'deadline', status: undefined }])
  const [request] = seen.requests
  t.match(request, { ok: false, attempts: 1, why: 'deadline', status: undefined })
  t.ok(request!.ms >= 499, `${request!.ms}`)
})

t.test('a request that the pace does not let begin in time has no attempt', async (t) => {
  const client = {
    pacing: { type: 'constant', rate: '1/m' },
    load: { requests: 2, concurrency: 2 },
    retry: retry({ deadline: '500ms' }),
  } as const
  const seen = await ran(t, client)
  t.equal((await seen.served('app', 1)).length, 1)
  t.match(
    seen.requests.sort((a, b) => a.attempts - b.attempts),
    [
      { attempts: 0, ok: false, refused: 'pacing', why: 'deadline' },
      { attempts: 1, ok: true },
    ],
  )
})

for (const type of ['tutorial_requests', 'tutorial_fetch'] as const) {
  t.test(`${type} repeats what another attempt can't mend`, async (t) => {
    const policy = { type, attempts: 3, second: '1ms' } as const
    const answers: [what: string, answer: object, attempts: number, ok: boolean][] = [
      ['a page that is not there', { status: 404 }, 3, false],
      ['a body that is no JSON', { body: '<html>' }, 3, false],
      ['no content', { status: 204 }, 3, type === 'tutorial_requests'],
      ['JSON', { body: '{}' }, 1, true],
    ]
    for (const [what, response, attempts, ok] of answers) {
      const seen = await ran(t, { retry: policy }, [], { response })
      t.equal((await seen.served('app', attempts)).length, attempts, what)
      t.match(seen.requests, [{ attempts, ok }], what)
    }
  })
}

t.test('a client that names its one request is told by that name', async (t) => {
  const seen = await ran(t, { request: { headers: { 'x-request-id': 'mine' } } })
  t.match(await seen.served('app', 1), [{ request: 'mine' }])
  t.match(seen.requests, [{ request: 'mine' }])
})
