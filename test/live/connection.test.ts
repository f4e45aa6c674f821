/** One connection and its exchanges, where what the proxy tests see from outside is not enough. */
import t from 'tap'
import type { Failure } from '../../src/core/failure.js'
import { Connection } from '../../src/live/connection.js'
import { targetOf } from '../../src/live/site.js'
import { startSite } from '../../src/live/start.js'
import { checkScenario } from '../../src/scenario/parse.js'

const minute = { connect: 60_000, send: 60_000, read: 60_000, reply: 1000, client: 60_000 }

/** How an exchange ended: well, or with a failure and whether the request may have reached the server. */
type End = 'well' | { failure: Failure; written: boolean }

function run(connection: Connection): Promise<End> {
  return new Promise((resolve) =>
    connection.run(
      { method: 'POST', path: '/', headers: ['Host', 'x'], body: null },
      {
        head: () => true,
        data: () => true,
        end: () => resolve('well'),
        failed: (failure, written) => resolve({ failure, written }),
      },
    ),
  )
}

t.test('what is lost before it is written has not reached the server; what is written may have', async (t) => {
  const faults = [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset', match: { ordinal: 2 } }]
  const scenario = checkScenario(
    { id: 'one', title: 'one', hops: { app: { kind: 'origin' } }, faults },
    { runnable: false },
  )
  const site = await startSite(scenario, null, () => {})
  t.teardown(() => site.scope.close())
  const open = () => new Connection(site, targetOf(site, 'test', { hop: 'app' }, {}), minute, () => {})

  const unlucky = open()
  t.equal(await run(unlucky), 'well')
  const second = run(unlucky)
  unlucky.books.stream!.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  t.match(await second, { failure: { type: 'connection_terminated' }, written: false })

  const reset = open()
  t.equal(await run(reset), 'well')
  t.match(await run(reset), { failure: { type: 'connection_terminated', manner: 'reset' }, written: true })
})
