/** docs/rosetta.md from a matrix: what differs, that reasons are asked for, and what the check of the page finds. */
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { dialectNames } from '../../src/dialects/index.js'
import type { Cell, Matrix } from '../../src/journal/matrix_result.js'
import { differences, pairedProducts, problemsOf, rosettaPage } from '../../src/reports/matrix/rosetta.js'
import { findScenarioFiles, readScenarios } from '../../src/scenario/files.js'

const cell = (status: number | null, log: string | null, more: Partial<Cell> = {}): Cell => ({
  status,
  truncated: false,
  client_error: null,
  log,
  outcomes: [],
  ...more,
})
const none = cell(null, null, { skipped: 'it has no queue' })

const rows: [id: string, nginx: Cell, mini: Cell][] = [
  ['same', cell(502, 'connect() to 127.0.0.1:81 failed'), cell(502, 'connect() to 127.0.0.1:4711 failed, client: me')],
  ['status', cell(502, null), cell(504, null)],
  ['line', cell(502, 'reset by peer'), cell(502, 'closed')],
  ['cut', cell(200, null, { truncated: true }), cell(200, null)],
  ['skipped', none, cell(502, null)],
]
const matrix: Matrix = {
  version: '0.1.0',
  versions: { mini: '0.1.0', nginx: '1.22.1', haproxy: '2.6.12', 'mini:nginx': '0.1.0' },
  date: '2026-01-02T03:04:05.678Z',
  seed: 7,
  duration_ms: 61_234,
  interrupted: false,
  rows: rows.map(([id, nginx, mini]) => ({
    id,
    title: `The title of ${id}`,
    tags: [],
    hop: 'lb',
    client: 'plain',
    cells: { mini: cell(502, null), nginx, haproxy: cell(502, null), 'mini:nginx': mini },
  })),
}
const ids = rows.map(([id]) => id)
const why = 'it is another program'
const reasons = { nginx: { status: why, line: why, cut: why } }

test('what differs is an answer or a line, numbers and the client apart', async (t) => {
  t.same(pairedProducts(matrix), ['nginx'])
  t.same(
    differences(matrix, ['nginx']).map(({ id, product }) => `${id} ${product}`),
    ['status nginx', 'line nginx', 'cut nginx'],
  )
})

test('the page: what products disagree over first, then all, then what differs and why', async (t) => {
  const page = rosettaPage(matrix, reasons, '20.20.2')
  t.same(problemsOf(page, ids, reasons), [])
  const [, disputed, all, dialects] = page.split('\n## ')
  t.match(disputed, '1 of 5 causes are not answered alike by nginx 1.22.1 and haproxy 2.6.12')
  t.match(disputed, '| `cut`<br>The title of cut | 200 cut | 502 |')
  t.notMatch(disputed, '`same`')
  for (const id of ids) t.match(all, `\`${id}\`<br>The title of ${id} |`)
  t.notMatch(all, 'mini:nginx')
  t.match(dialects, '| nginx 1.22.1 | 4 | 1 |')
  t.match(
    dialects,
    '- `line`, nginx: **502** `reset by peer`; mini proxy: **502** `closed`. Why: it is another program.',
  )
  t.match(page, '2026-01-02 with badgateway 0.1.0 and Node 20.20.2, seed 7')
})

test('the check finds causes that are not there, and differences without a reason', async (t) => {
  const unexplained = { nginx: { status: why, cut: why } }
  const page = rosettaPage(matrix, unexplained, '20.20.2')
  t.match(page, 'Why: no reason is known.')
  t.same(problemsOf(page, ids, unexplained), ['line differs at nginx, and no reason is known'])
  const good = rosettaPage(matrix, reasons, '20.20.2')
  t.same(problemsOf(good, [...ids, 'new'], reasons), ['the cause new is not on it'])
  t.same(problemsOf(good, ids.slice(1), reasons), ['same is no cause any more'])
  t.same(problemsOf(good, ids, { nginx: { ...reasons.nginx, cut: 'it is not' } }), [
    'the reason for cut at nginx is another one now',
  ])
  t.same(problemsOf('# Rosetta\n', [], {}).length, 3)
})

test('reasons are of dialects and causes that there are', async (t) => {
  const known = (await readScenarios(await findScenarioFiles(['scenarios/causes'], '.', 'scenarios'))).map(
    ({ scenario }) => scenario.id,
  )
  const data: Record<string, Record<string, string>> = parse(readFileSync('.ci/rosetta.yaml', 'utf8'))
  for (const [product, why] of Object.entries(data)) {
    t.ok((dialectNames as string[]).includes(product), product)
    for (const [id, clause] of Object.entries(why)) {
      t.ok(known.includes(id), id)
      t.notMatch(clause, /\.$|\n/, id)
    }
  }
})
