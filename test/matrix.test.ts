/** What a matrix makes of scenarios: cells of the mini proxy, also in another dialect; what shows nothing; how it ends. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'tap'
import type { Cell, MatrixRow } from '../src/journal/matrix_result.js'
import { type MatrixProxy, matrix } from '../src/matrix.js'
import type { LoadedScenario } from '../src/run.js'
import { checkScenario } from '../src/scenario/parse.js'

const hops = { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } }

const scenario = (id: string, more: object = {}): LoadedScenario => {
  const clients = { plain: { to: 'lb', load: { requests: 2 } } }
  const expect = [{ origin: 'app', requests: '>= 0' }]
  const input = { id, title: 'It fails', hops, clients, expect, ...more }
  return { file: `${id}.yaml`, scenario: checkScenario(input as never, { runnable: true }) }
}

const mini: MatrixProxy = { name: 'mini' }
const as_nginx: MatrixProxy = { name: 'mini:nginx', dialect: 'nginx' }
const garbage = {
  id: 'g',
  on: 'app',
  at: 'request_head',
  effect: { type: 'send', text: 'garbage\r\n\r\n' },
}

const answer = ({ status, truncated, client_error }: Cell) => ({ status, truncated, client_error })

test('a cell is what the client saw and the proxy logged, in each dialect', async (t) => {
  const result = await matrix([scenario('garbage', { faults: [garbage] })], [mini, as_nginx])
  t.same(Object.keys(result.versions), ['mini', 'mini:nginx'])
  t.match(result, { seed: 1, interrupted: false, version: result.versions.mini, date: /^\d{4}-\d\d-\d\dT/ })
  const { cells, ...row } = result.rows[0]!
  t.same(row, { id: 'garbage', title: 'It fails', tags: [], hop: 'lb', client: 'plain' })
  t.same(answer(cells.mini!), { status: 502, truncated: false, client_error: null })
  t.same(answer(cells['mini:nginx']!), { status: null, truncated: false, client_error: 'http_protocol_error' })
  for (const cell of Object.values(cells)) {
    t.match(cell.log, /^upstream sent no valid HTTP\/1\.0 header while reading response header from upstream/)
    t.match(cell.outcomes, [{ client: 'plain', count: 2, log: cell.log }])
    t.notOk('verdict' in cell || 'skipped' in cell)
  }
})

test('what is expected of the mini proxy is not asked', async (t) => {
  const one = scenario('other', { faults: [garbage], expect: [{ client: 'plain', status: 418, count: '= 2' }] })
  const { rows } = await matrix([one], [mini])
  t.same(answer(rows[0]!.cells.mini!), { status: 502, truncated: false, client_error: null })
})

test('a fault that did not fire: inconclusive, and no answer', async (t) => {
  const silent = scenario('silent', { faults: [{ ...garbage, match: { path: '/never' } }] })
  const { rows } = await matrix([silent, scenario('fires', { faults: [garbage] })], [mini])
  t.match(rows[0]!.cells.mini, { verdict: 'inconclusive', reason: 'fault g never fired: nothing was shown' })
  t.same(answer(rows[0]!.cells.mini!), { status: null, truncated: false, client_error: null })
  t.same(rows[0]!.cells.mini!.outcomes, [])
  t.equal(rows[1]!.cells.mini!.status, 502)
})

test('a run that breaks off is an error, and the others go on', async (t) => {
  const occupant = createServer().listen(0, '127.0.0.1')
  await once(occupant, 'listening')
  t.teardown(() => occupant.close())
  const { port } = occupant.address() as AddressInfo
  const taken = scenario('taken', { hops: { ...hops, app: { kind: 'origin', port } } })
  const { rows } = await matrix([taken, scenario('fine')], [mini])
  t.match(rows[0]!.cells.mini, { verdict: 'error', reason: `Port ${port} for hop "app" is taken` })
  t.same(answer(rows[1]!.cells.mini!), { status: 200, truncated: false, client_error: null })
})

test('where there is no proxy the mini one runs all the same, and no dialect is spoken', async (t) => {
  const straight = scenario('straight', { clients: { plain: { to: 'app' } }, hops: { app: hops.app } })
  const { rows } = await matrix([straight], [mini, as_nginx])
  t.match(rows[0], {
    hop: null,
    cells: { mini: { status: 200 }, 'mini:nginx': { skipped: 'there is no proxy in it' } },
  })
})

test('a long load ends when its failure was seen often enough', async (t) => {
  const load = { rate: '20/s', for: '60s' }
  const long = scenario('long', { faults: [garbage], clients: { steady: { to: 'lb', load } }, time_limit: '90s' })
  const { rows } = await matrix([long], [mini])
  t.match(rows[0]!.cells.mini, { status: 502, ended_early: true })
  const { count } = rows[0]!.cells.mini!.outcomes[0]!
  t.ok(count >= 10 && count < 1200, `${count} attempts`)
})

test('interrupted: what ended is told', async (t) => {
  const stop = new AbortController()
  const done: MatrixRow[] = []
  const long = scenario('long', { clients: { steady: { to: 'lb', load: { rate: '20/s', for: '60s' } } } })
  const onRow = (row: MatrixRow) => {
    done.push(row)
    stop.abort()
  }
  const result = await matrix([scenario('short'), long], [mini], { signal: stop.signal, onRow })
  t.equal(result.interrupted, true)
  t.same(
    result.rows.map(({ id, cells }) => [id, Object.keys(cells)]),
    [
      ['short', ['mini']],
      ['long', []],
    ],
  )
  t.same(
    done.map(({ id }) => id),
    ['short'],
  )
})
