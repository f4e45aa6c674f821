/** Rankings and comparisons of fixed results: the arithmetic, and every format against its golden file. */
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { parseResult } from '../../src/journal/read_result.js'
import type { ClientMetrics, RepeatResult, RunResult, ScenarioResult } from '../../src/journal/result.js'
import { compareRuns, metricsIn } from '../../src/reports/comparing/compare.js'
import { comparisonReports } from '../../src/reports/comparing/index.js'
import { USUAL } from '../../src/reports/comparing/metrics.js'
import { rankClients, rankingLines } from '../../src/reports/comparing/ranking.js'
import { result } from './result.js'

const metrics = (success_rate: number | null, more: object = {}): ClientMetrics =>
  ({ success_rate, amplification: 1.5, latency_p50_ms: 12, latency_p99_ms: 30, outcomes: {}, ...more }) as ClientMetrics

const runs = (rates: Record<string, (number | null)[]>, seeds: readonly number[] = [1, 2, 3]): RepeatResult[] =>
  seeds.map((seed, n) => ({
    seed,
    verdict: 'pass',
    clients: Object.fromEntries(Object.entries(rates).map(([name, values]) => [name, metrics(values[n]!)])),
  }))

test('clients are ranked by their means, and compared run by run', async (t) => {
  const repeats = runs({ plain: [0.7, 0.8, 0.9], often: [0.9, 1, 1], twin: [0.9, 1, 1], mute: [null, null, null] })
  const ranking = rankClients(repeats, { metric: 'success_rate' })!
  t.match(ranking, { metric: 'success_rate', better: 'higher', against: 'often', repeats: 3 })
  t.same(
    ranking.clients.map(({ client }) => client),
    ['often', 'twin', 'plain', 'mute'],
  )
  const [best, twin, plain, mute] = ranking.clients
  t.match(best, { difference: null, ci95: null })
  t.strictSame([twin!.difference, twin!.ci95], [0, [0, 0]])
  // Differences -0.2, -0.2, -0.1: their mean, and 4.3027 times their standard error.
  t.ok(Math.abs(plain!.difference! + 0.5 / 3) < 1e-12)
  t.ok(Math.abs(plain!.ci95![0] - (-0.5 / 3 - 4.302653 * (1 / 30))) < 1e-6, `${plain!.ci95}`)
  t.strictSame(mute, { client: 'mute', value: null, difference: null, ci95: null })
})

test('lower is better where it is, a baseline can be named, and one run has no interval', async (t) => {
  const clients = { a: metrics(1, { amplification: 3 }), b: metrics(1, { amplification: 1 }) }
  const one = rankClients([{ seed: 1, verdict: 'pass', clients }], { metric: 'amplification' })!
  t.match(one, {
    better: 'lower',
    against: 'b',
    clients: [{ client: 'b' }, { client: 'a', difference: 2, ci95: null }],
  })
  t.match(rankingLines(one)[0], 'one run: an interval needs --repeat')
  const to = rankClients([{ seed: 1, verdict: 'pass', clients }], { metric: 'amplification', baseline: 'a' })!
  t.match(to, {
    against: 'a',
    clients: [
      { client: 'b', difference: -2 },
      { client: 'a', difference: null },
    ],
  })
  const none = rankClients(runs({ a: [null, 1, 1], b: [null, null, null] }), { metric: 'success_rate' })!
  t.strictSame(rankingLines(none).slice(2), ['-  a  -', '-  b  -'], 'a mean over some of the runs would be no rank')
})

test('who never recovered is last, however fast it was in another run', async (t) => {
  const times = { never: [10, null, 10], slow: [900, 950, 990], alike: [900, 950, 990] }
  const repeats = runs({ never: [1, 1, 1], slow: [1, 1, 1], alike: [1, 1, 1] }).map((run, n) => ({
    ...run,
    clients: Object.fromEntries(
      Object.entries(times).map(([name, of]) => [name, metrics(1, { recovery_ms: of[n], recovered: of[n] ? 1 : 0 })]),
    ),
  }))
  const lines = rankingLines(rankClients(repeats, { metric: 'recovery_ms' })!)
  t.match(lines.slice(2), [/^1 {2}slow/, /^1 {2}alike/, /^- {2}never +-$/])
})

test('what did not run to its end counts for nothing, and one client has no rank', async (t) => {
  const [bad, ...good] = runs({ a: [0, 0.5, 0.5], b: [0, 1, 1] })
  const ranking = rankClients([{ ...bad!, verdict: 'error' }, ...good], { metric: 'success_rate' })!
  t.match(ranking, {
    repeats: 2,
    clients: [
      { client: 'b', value: 1 },
      { client: 'a', value: 0.5 },
    ],
  })
  t.equal(rankClients(runs({ a: [1, 1, 1] }), { metric: 'success_rate' }), undefined)
  t.equal(rankClients([], { metric: 'success_rate' }), undefined)
})

test('a table of a ranking', async (t) => {
  const lines = rankingLines(
    rankClients(runs({ plain: [0.7, 0.8, 0.9], often: [0.9, 1, 1] }), { metric: 'success_rate' })!,
  )
  t.strictSame(lines, [
    'ranked by success_rate (higher is better), means of 3 runs',
    'difference to often, with its 95 % interval',
    '1  often  96.67%',
    '2  plain     80%  -16.67 pp  [-31.01, -2.32] pp',
  ])
})

const scenario = (id: string, more: Partial<ScenarioResult>): ScenarioResult => ({
  ...{ id, title: `The title of ${id}`, tags: [], file: `${id}.yaml`, verdict: 'pass', seed: 1, duration_ms: 1 },
  ...{ faults: [], clients: {}, checks: [], ...more },
})

const repeated = (repeats: RepeatResult[]) => ({ repeats, clients: repeats[0]!.clients })

const before: RunResult = {
  ...result,
  verdict: 'pass',
  scenarios: [
    scenario('retries', repeated(runs({ plain: [0.7, 0.8, 0.9], often: [0.9, 0.98, 1], once: [1, 1, 1] }))),
    scenario('others', repeated(runs({ plain: [0.7, 0.8, 0.9] }))),
    scenario('single', { clients: { plain: metrics(null) } }),
    scenario('gone', {}),
  ],
}
const after: RunResult = {
  ...result,
  version: '0.2.0',
  proxy: 'nginx 1.22.1',
  verdict: 'fail',
  interrupted: true,
  scenarios: [
    scenario('retries', {
      verdict: 'fail',
      ...repeated(runs({ plain: [0.8, 0.9, 1], often: [0.7, 0.8, 0.9], new: [1, 1, 1] })),
    }),
    scenario('others', repeated(runs({ plain: [0.2, 0.9, 0.6] }, [7, 8, 9]))),
    scenario('single', { clients: { plain: metrics(0.5) }, title: 'A title | with <a> bar' }),
    scenario('fresh', {}),
  ],
}
const comparison = compareRuns(['before', 'after'], [before, after], USUAL)

test('same seeds: in pairs; other seeds: not', async (t) => {
  const [retries, others, single] = comparison.scenarios
  t.match(retries, { paired: true, verdicts: ['pass', 'fail'], repeats: [3, 3], only: [['once'], ['new']] })
  t.match(retries!.clients[0]!.metrics[0], { metric: 'success_rate', change: 'better', difference: Number })
  t.match(retries!.clients[1]!.metrics[0], { metric: 'success_rate', change: 'worse' })
  t.match(retries!.clients[0]!.metrics[1], { metric: 'amplification', difference: 0, ci95: [0, 0], change: 'same' })
  t.match(others, { paired: false, clients: [{ metrics: [{ metric: 'success_rate', change: 'unsure' }] }] })
  t.match(single!.clients[0]!.metrics[0], { values: [null, 0.5], difference: null, ci95: null, change: null })
  t.match(single!.clients[0]!.metrics[1], { difference: 0, ci95: null, change: null })
  t.same(comparison.only, [['gone'], ['fresh']])
  t.same(comparison.notes, [
    'another version: 0.1.0, then 0.2.0',
    'another proxy: mini, then nginx 1.22.1',
    'after was interrupted',
  ])
})

test('a metric of another version can be compared, by what its name says', async (t) => {
  const clients = { plain: metrics(1, { odd_ms: 5, odd_rate: 0.5 }) }
  const other = { ...before, scenarios: [scenario('retries', { clients })] }
  t.ok(['odd_ms', 'odd_rate', 'success_rate'].every((name) => metricsIn([other, other]).includes(name)))
  t.notOk(metricsIn([other]).includes('outcomes'), 'a table is no number')
  const told = comparisonReports.text.render(compareRuns(['a', 'b'], [other, other], ['odd_ms', 'odd_rate']))
  t.match(told, /odd_ms +5\.0 ms +5\.0 ms/)
  t.match(told, /odd_rate +50% +50%/)
})

for (const [format, { render }] of Object.entries(comparisonReports)) {
  test(`the ${format} of a comparison is as it was agreed on`, async (t) => {
    const golden = `test/reports/golden/comparison.${{ text: 'txt', json: 'json', markdown: 'md' }[format]}`
    const text = render(comparison)
    if (process.env.GOLDEN === 'write') writeFileSync(golden, text)
    t.equal(text, readFileSync(golden, 'utf8'))
    t.ok(text.endsWith('\n') && !text.endsWith('\n\n'), 'ends with one line feed')
  })
}

test('a result reads back, and what is none says why', async (t) => {
  t.same(parseResult(JSON.stringify(before), 'x'), JSON.parse(JSON.stringify(before)))
  const wrong: [text: string, says: RegExp][] = [
    ['', /^x: not the result of a run, for it is no JSON: /],
    ['[]', /^x: not the result of a run: /],
    ['{"version": 3}', /^x: version: not the result of a run: .*, and \d more such$/],
    [JSON.stringify({ ...before, scenarios: [{ id: 'a' }] }), /^x: scenarios\[0\]\.title: not the result of a run/],
  ]
  for (const [text, says] of wrong) t.throws(() => parseResult(text, 'x'), { message: says }, text.slice(0, 30))
})
