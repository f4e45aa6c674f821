/** One point of the grid of closed forms on real sockets, counted at the origin; `npm run closed-forms` runs all of it. */
import t from 'tap'
import type { JournalEvent } from '../src/journal/events.js'
import { compare, countAtServer } from '../src/reports/closed_forms.js'
import { runScenario } from '../src/run.js'
import { checkScenario } from '../src/scenario/parse.js'

t.test('p = 0.2 and two retries, in 3,000 requests', async (t) => {
  const [p, n] = [0.2, 2]
  const scenario = checkScenario(
    {
      id: 'point',
      title: 'a fifth of the attempts fail',
      hops: { app: { kind: 'origin' } },
      clients: {
        plain: {
          to: 'app',
          load: { requests: 3000, concurrency: 8 },
          retry: { type: 'immediate', attempts: n + 1 },
        },
      },
      faults: [{ id: 'fails', on: 'app', at: 'request_head', effect: 'reset', probability: '20%' }],
    },
    { runnable: false },
  )
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
  const { clients } = await runScenario({ file: 'point.yaml', scenario }, { openJournal })
  const counted = countAtServer(events, p, n)
  t.equal(counted.requests, 3000)
  t.equal(counted.byAttempts.length, n + 1, 'no request had more attempts')
  const attempts = counted.byAttempts.reduce((sum, requests, index) => sum + requests * (index + 1), 0)
  t.equal(clients.plain!.attempts, attempts, 'the client counts as many as the origin')
  t.equal(clients.plain!.succeeded, counted.succeeded)
  // Four standard errors: it fails by chance once in 16,000 seeds, and the seed is fixed.
  for (const { what, expected, counted: value, agrees } of compare(counted, { each: 1.96, all: 4 })) {
    t.ok(agrees, `${what}: ${value} where ${expected} is expected`)
  }
})
