/** Loads on real sockets: what origins count is what was asked for, from a thread of their own. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { arrivals } from '../../src/core/client/arrivals.js'
import type { AttemptEvent, JournalEvent, LoadEvent, SaturationEvent, ServedEvent } from '../../src/journal/events.js'
import { chanceFrom } from '../../src/lib/random.js'
import { startSite } from '../../src/live/start.js'
import { runClients } from '../../src/live/thread/load_thread.js'
import type { RigInput } from '../../src/rig.js'
import { run } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'
import type { ScenarioInput } from '../../src/scenario/schema.js'
import { withRig } from './peers.js'

type Client = NonNullable<ScenarioInput['clients']>[string]

const toOrigin = (plain: Omit<Client, 'to'>, more: Partial<RigInput> = {}): RigInput => ({
  hops: { app: { kind: 'origin' } },
  clients: { plain: { to: 'app', ...plain } },
  ...more,
})

const only = <Kind extends JournalEvent['event']>(journal: readonly JournalEvent[], kind: Kind) =>
  journal.filter((event) => event.event === kind) as Extract<JournalEvent, { event: Kind }>[]

const served = (journal: readonly JournalEvent[]): ServedEvent[] => only(journal, 'served')

t.test('an open load: what was asked for is what the origin counts, and its account says so', async (t) => {
  const load = { rate: '200/s', for: '500ms', arrivals: 'poisson' } as const
  const counts: number[] = []
  for (let run = 0; run < 2; run++) {
    await withRig(toOrigin({ load }), async (lab) => {
      await lab.load()
      const [account] = only(lab.journal, 'load') as LoadEvent[]
      t.equal(account!.sent, served(lab.journal).length)
      t.equal(account!.sent, only(lab.journal, 'request').length)
      t.ok(account!.start_delay_max_ms >= account!.start_delay_p99_ms && account!.start_delay_p50_ms >= 0)
      counts.push(account!.asked)
    })
  }
  t.equal(counts[0], counts[1], 'the same seed, the same load')
})

t.test('instances share a load evenly, each with connections of its own', async (t) => {
  const loads = [
    { rate: '200/s', for: '50ms' },
    { requests: 10, concurrency: 2 },
  ] as const
  for (const load of loads) {
    await withRig(toOrigin({ instances: 3, load }), async (lab) => {
      await lab.load()
      const ids = served(lab.journal).map(({ request }) => request)
      const expected = [
        ...['plain.0-1', 'plain.0-2', 'plain.0-3', 'plain.0-4'],
        ...['plain.1-1', 'plain.1-2', 'plain.1-3', 'plain.2-1', 'plain.2-2', 'plain.2-3'],
      ]
      t.same(ids.sort(), expected)
      const owner = new Map<string, string>()
      for (const { request, local } of only(lab.journal, 'attempt') as AttemptEvent[]) {
        const instance = request.split('-')[0]!
        t.equal(owner.get(local!) ?? instance, instance, 'nobody uses the connection of another')
        owner.set(local!, instance)
      }
    })
  }
})

t.test('users wait for the answer, think, and ask again until the time is up', async (t) => {
  await withRig(toOrigin({ load: { users: 4, for: '300ms', think: '20ms' }, instances: 4 }), async (lab) => {
    await lab.load()
    const all = only(lab.journal, 'request')
    const last = Math.max(...all.map(({ t }) => t))
    t.ok(last >= 250, 'it goes on to the end')
    for (const user of [0, 1, 2, 3]) {
      const mine = all.filter(({ request }) => request.startsWith(`plain.${user}-`))
      t.ok(mine.length >= 1)
      for (const [n, { t: end, ms }] of mine.entries()) {
        if (n > 0) t.ok(end - ms - mine[n - 1]!.t >= 19, 'it has thought for so long')
      }
    }
  })
})

t.test('saturation is in the background: told apart at every hop, its counts in the journal', async (t) => {
  const hops: RigInput['hops'] = { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } }
  const clients: RigInput['clients'] = {
    flood: { to: 'lb', load: { saturate: 3, for: '1s' }, request: { method: 'POST', body: 'x' } },
    plain: { to: 'lb', load: { requests: 3 } },
  }
  await withRig({ hops, clients }, async (lab) => {
    const facts = await lab.load()
    const [seen] = only(lab.journal, 'saturation') as SaturationEvent[]
    const behind = served(lab.journal).filter(({ background }) => background)
    t.ok(seen!.answered > 0)
    t.ok(behind.length >= seen!.answered && behind.length <= seen!.sent, `${behind.length}: ${JSON.stringify(seen)}`)
    t.equal(new Set(behind.map(({ request }) => request)).size, behind.length, 'each has an id of its own')
    t.ok(behind.every(({ request, method }) => request.startsWith('flood-') && method === 'POST'))
    t.equal(facts.origins.get('app')!.requests, 3, 'the work is what is counted')
    t.equal(facts.proxies.get('lb')!.requests, 3)
    t.equal(lab.attempts().length, 3)
    t.equal(facts.saturations.get('flood')!.answered, seen!.answered)
  })
})

const judged = (clients: ScenarioInput['clients'], more: Partial<ScenarioInput> = {}) =>
  run([
    {
      file: 'x.yaml',
      scenario: checkScenario(
        {
          id: 'load',
          title: 'A load',
          hops: { app: { kind: 'origin' } },
          clients,
          expect: [{ origin: 'app', requests: '>= 0' }],
          ...more,
        },
        { runnable: true },
      ),
    },
  ]).then(({ scenarios }) => scenarios[0]!)

t.test('a load that this machine cannot make: inconclusive, with the rate reached', async (t) => {
  const result = await judged({ plain: { to: 'app', load: { rate: '1000000/s', for: '300ms' } } })
  t.equal(result.verdict, 'inconclusive')
  t.match(
    result.reason,
    /^client "plain" asked for 1000000\/s, this machine reached \d+(\.\d)?\/s: \d+ of 300000 requests/,
  )
  const { asked, sent } = result.loads!.plain!
  t.equal(asked, 300_000)
  t.equal(sent, result.clients.plain!.requests, 'what was sent is what is told')

  const drawn = { rate: '1000000/s', for: '100ms', arrivals: 'poisson' } as const
  const { seed, loads } = await judged({ plain: { to: 'app', load: drawn } })
  const times = arrivals({ rate: 1_000_000, for: 100, arrivals: 'poisson' }, chanceFrom(seed).stream('arrivals/plain'))
  t.equal(loads!.plain!.asked, [...times].length, 'also what was not sent is counted, not estimated')
})

t.test('a request that undici does not send: an error, not an outcome that a check can count', async (t) => {
  const headers = { 'Transfer-Encoding': 'chunked' }
  const result = await judged(
    { plain: { to: 'app', request: { headers } } },
    { expect: [{ client: 'plain', error: 'proxy_internal_error', count: '>= 1' }] },
  )
  t.match(result, {
    verdict: 'error',
    reason: 'client "plain" can\'t send its request: invalid transfer-encoding header',
  })
})

t.test('connections without end: an error that says what to do', async (t) => {
  const plain: Client = { to: 'app', load: { rate: '500/s', for: '30s' }, connections: 20, instances: 2 }
  const result = await judged({ plain }, { faults: [{ id: 'f', on: 'app', at: 'request_head', effect: 'stall' }] })
  t.match(result, {
    verdict: 'error',
    reason:
      'client "plain" opens more than 20 connections at once: lower its rate or its retries, let it give up earlier, or raise "connections"',
  })
})

t.test('nobody who dials meets an address between two states', async (t) => {
  const load = { rate: '300/s', for: '800ms' } as const
  const flapping = { every: '20ms', share: '50%' } as const
  const faults: RigInput['faults'] = [{ id: 'f', on: 'app', at: 'connect', effect: 'refuse', flapping }]
  await withRig(toOrigin({ load, keep_alive: false }, { faults, seed: 3 }), async (lab) => {
    const { errors, outcomes } = (await lab.load()).clients.get('plain')!.metrics
    t.ok(lab.fault('f').fired! > 0)
    t.same(Object.keys(outcomes).sort(), ['200', 'connection_refused'])
    t.equal(errors.connection_refused, lab.fault('f').fired, 'each that was refused was so by the fault')
  })
})

t.test('a busy loop of the hops delays no client', async (t) => {
  await withRig(toOrigin({ load: { rate: '200/s', for: '1s' } }), async (lab) => {
    const loading = lab.load()
    // From the first word of the clients on.
    while (served(lab.journal).length === 0) await new Promise((resolve) => setImmediate(resolve))
    const from = performance.now()
    const first = served(lab.journal)[0]!.t
    while (performance.now() - from < 400);
    await loading
    const begun = (only(lab.journal, 'attempt') as AttemptEvent[]).map(({ t, ms }) => t - ms)
    t.ok(begun.filter((t) => t > first + 50 && t < first + 350).length > 0, 'requests were begun meanwhile')
  })
})

t.test('a bug in the load is told with its words, and the next load has a thread again', async (t) => {
  const site = await startSite(
    {
      id: 'bare',
      hops: checkScenario({ id: 'b', title: 'b', hops: { app: { kind: 'origin' } } }, { runnable: false }).hops,
      faults: [],
      seed: 1,
    },
    () => {},
    () => {},
  )
  t.teardown(() => site.scope.close())
  await site.beginLoad()
  const { signal } = new AbortController()
  const { clients } = checkScenario(
    { id: 'b', title: 'b', ...toOrigin({ load: { requests: 1 } }) },
    { runnable: false },
  )
  const broken = {
    plain: {
      ...clients.plain!,
      load: { rate: 10, for: 100, arrivals: 'constant', shape: { type: 'nonsense' } } as never,
    },
  }
  await t.rejects(runClients(site, broken, signal), { code: 'BADGATEWAY_INVARIANT', message: /^the load failed: / })
  const torn = {
    plain: {
      ...clients.plain!,
      request: undefined as never,
      load: { rate: 10, for: 500, arrivals: 'constant' } as const,
    },
  }
  await t.rejects(runClients(site, torn, signal), { code: 'BADGATEWAY_INVARIANT', message: /request|undefined/ })
  await runClients(site, clients, signal)
})

t.test('an abort stops the load, and nothing keeps the process alive', async (t) => {
  const script = `
    import { rig } from ${JSON.stringify(resolve('dist/rig.js'))}
    const lab = await rig({ hops: { app: { kind: 'origin' } }, clients: {
      plain: { to: 'app', load: { rate: '100/s', for: '1h' } }, flood: { to: 'app', load: { saturate: 2, for: '1h' } } } })
    const loading = lab.load()
    while (lab.attempts().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await lab.close()
    await loading
    console.log('done')
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: {} })
  t.equal(stdout, 'done\n')
})
