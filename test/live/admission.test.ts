/** Admissions and pacings on real sockets: what reaches the origin of a client whose every attempt fails, and when. */
import { test } from 'tap'
import type { AttemptEvent, JournalEvent, RequestEvent, ServedEvent } from '../../src/journal/events.js'
import { run } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'

/** Everything that a run of these clients writes; they ask an origin that answers so. */
async function journalOf(clients: object, faults: readonly object[]): Promise<JournalEvent[]> {
  const scenario = checkScenario(
    {
      id: 'admission',
      title: 'Attempts are refused, or wait',
      hops: { app: { kind: 'origin' } },
      clients,
      faults: faults.map((fault, n) => ({ id: `f${n}`, on: 'app', ...fault })),
      expect: [{ fault: 'f0', fired: '>= 1' }],
    },
    { runnable: true },
  )
  const events: JournalEvent[] = []
  const openJournal = () => ({
    path: '',
    write: (event: JournalEvent) => void events.push(event),
    close: async () => {},
  })
  await run([{ file: 'admission.yaml', scenario }], { openJournal })
  return events
}

const unavailable = { at: 'request_head', effect: { type: 'respond', status: 503 } }

const served = (events: readonly JournalEvent[], client: string) =>
  events.filter((event): event is ServedEvent => event.event === 'served' && !!event.request?.startsWith(`${client}-`))
const attempts = (events: readonly JournalEvent[], client: string) =>
  events.filter((event): event is AttemptEvent => event.event === 'attempt' && event.client === client)
const requests = (events: readonly JournalEvent[], client: string) =>
  events.filter((event): event is RequestEvent => event.event === 'request' && event.client === client)

test('in a total outage the origin sees exactly the retries that each budget has', async (t) => {
  const retrying = (attempts: number, admission: object | string, requests = 200) => ({
    to: 'app',
    load: { requests },
    retry: { type: 'immediate', attempts },
    admission: [admission],
  })
  const clients = {
    grpc: retrying(100, 'grpc_throttle', 1),
    aws: retrying(3, 'aws_standard'),
    aws2026: retrying(3, { type: 'aws_standard', costs: 2026 }),
    bucket: retrying(3, { type: 'token_bucket', deposit: 0 }),
    breaker: retrying(1, 'circuit_breaker'),
  }
  const events = await journalOf(clients, [unavailable])
  const seen = Object.keys(clients).map((client) => [client, served(events, client).length])
  t.strictSame(Object.fromEntries(seen), {
    grpc: 1 + 4,
    aws: 200 + 50,
    aws2026: 200 + 35,
    bucket: 200 + 4,
    breaker: 20,
  })
  for (const client of Object.keys(clients)) {
    t.equal(
      attempts(events, client).length,
      served(events, client).length,
      `${client}: attempts logged are attempts seen`,
    )
  }
  const refused = requests(events, 'breaker').filter(({ refused }) => refused === 'circuit_breaker')
  t.equal(refused.length, 180)
  t.ok(refused.every(({ attempts }) => attempts === 0))
})

test('instances have a bucket each', async (t) => {
  const many = {
    to: 'app',
    instances: 10,
    load: { requests: 200 },
    retry: { type: 'immediate', attempts: 2 },
    admission: [{ type: 'token_bucket', deposit: 0 }],
  }
  const events = await journalOf({ many }, [unavailable])
  t.equal(attempts(events, 'many').length, 200 + 10 * 4)
})

test('a breaker leaves the origin alone for as long as it is open, and finds out when it is well', async (t) => {
  const client = {
    to: 'app',
    load: { rate: '100/s', for: '1s' },
    admission: [{ type: 'circuit_breaker', minimum: 10, open: '300ms' }],
  }
  const events = await journalOf({ client }, [{ ...unavailable, first: 10 }])
  const ended = requests(events, 'client')
  t.equal(ended.length, 100)
  const refused = ended.filter(({ refused }) => refused === 'circuit_breaker')
  t.ok(refused.length > 0)
  const sent = attempts(events, 'client')
  t.equal(sent.length + refused.length, 100)
  const failed = sent.filter(({ status }) => status === 503)
  t.equal(failed.length, 10)
  // The tenth that ended opened it. On a busy machine others were on their way by then: these are no probes.
  const opened = sent[9]!.t
  const began = sent.map(({ t, ms }) => t - ms).filter((from) => from > opened)
  t.ok(began.length > 0 && sent.at(-1)!.status === 200, 'it found out')
  t.ok(Math.min(...began) - opened >= 300 - 1, 'from the failure that opened it to the probe')
})

test('constant: requests begin no faster than the rate, however many want to', async (t) => {
  const paced = { to: 'app', load: { requests: 11, concurrency: 11 }, pacing: { type: 'constant', rate: '20/s' } }
  const events = await journalOf({ paced }, [{ ...unavailable, first: 1 }])
  const began = attempts(events, 'paced')
    .map(({ t, ms }) => t - ms)
    .sort((a, b) => a - b)
  t.equal(began.length, 11)
  t.ok(began.at(-1)! - began[0]! >= 10 * 50 - 25 - 1, `${began}`)
})

test('concurrency: never more under way than the limit', async (t) => {
  const paced = { to: 'app', load: { requests: 40, concurrency: 20 }, pacing: { type: 'concurrency', limit: 3 } }
  const events = await journalOf({ paced }, [{ at: 'request_head', effect: { type: 'delay', by: '10ms' } }])
  const spans = attempts(events, 'paced').map(({ t, ms }) => ({ from: t - ms, to: t }))
  t.equal(spans.length, 40)
  // To the microsecond, as the journal has it.
  const together = spans.map(({ from }) => spans.filter((one) => one.from <= from && from < one.to - 0.01).length)
  t.equal(Math.max(...together), 3)
})
