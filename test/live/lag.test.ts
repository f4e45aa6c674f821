/** A machine that is too loaded for a scenario: the run says so itself, and judges nothing. */
import t from 'tap'
import { watchLag } from '../../src/live/lag.js'
import { run } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'

const scenario = (max_lag?: string) =>
  checkScenario(
    {
      id: 'lag',
      title: 'One slow answer',
      hops: { app: { kind: 'origin', capacity: { workers: 1, service_time: '100ms' } } },
      clients: { plain: { to: 'app' } },
      expect: [{ client: 'plain', status: 200, count: 1 }],
      ...(max_lag && { max_lag }),
    },
    { runnable: true },
  )

/** Runs it while somebody keeps the event loop busy for so long, once its load is under way. */
async function ranWith(max_lag: string | undefined, busyMs: number) {
  const running = run([{ file: 'x.yaml', scenario: scenario(max_lag) }], {
    openJournal: () => ({
      path: 'nowhere',
      write({ event }) {
        if (event !== 'connection') return
        for (const start = performance.now(); performance.now() - start < busyMs; );
      },
      close: async () => {},
    }),
  })
  return (await running).scenarios[0]!
}

t.test('it is inconclusive when timers were later than it bears', async (t) => {
  const result = await ranWith('150ms', 200)
  t.equal(result.verdict, 'inconclusive')
  t.match(
    result.reason,
    /^this machine was too loaded to judge: four timers in a row were up to (19\d|[2-9]\d\d|\d{4,}) ms late, and it bears 150 ms$/,
  )
  t.match(result.checks, [{ verdict: 'pass' }], 'whatever the checks say')
})

t.test('it is judged where it bears as much, or says nothing of it', async (t) => {
  t.equal((await ranWith('1m', 200)).verdict, 'pass')
  t.equal((await ranWith(undefined, 200)).verdict, 'pass')
})

t.test('one that is slow in every turn is as bad as one that stands still once', async (t) => {
  const watch = watchLag()
  for (let turn = 0; turn < 8; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    for (const start = performance.now(); performance.now() - start < 50; );
  }
  t.ok(watch.stop().maxMs >= 4 * 40)
})
