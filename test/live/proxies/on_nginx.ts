/**
 * The whole catalogue with a real nginx in the path: what comes out of each scenario, which checks of it apply, and that
 * nothing is left. What fails here is what nginx does otherwise than the standard, or than our proxy. catalogue.test.ts
 * calls it, and test/alone/catalogue.ts for those that load the machine.
 */
import t, { type Test } from 'tap'
import type { ScenarioResult } from '../../../src/journal/result.js'
import { run } from '../../../src/run.js'
import { findScenarioFiles, readScenarios } from '../../../src/scenario/files.js'
import type { Scenario } from '../../../src/scenario/schema.js'
import { repository } from '../../cli/command.js'
import { until } from '../peers.js'
import { installedNginx, ownTemporary } from './real.js'

/** Why a scenario of the catalogue can't run on nginx. */
const SKIPPED: Record<string, string> = {
  'slow-body': 'timeouts.response of hop lb: nginx has no limit for the whole response',
  'slow-headers': 'timeouts.response of hop lb: nginx has no limit for the whole response',
}

/** The checks that fail on nginx, by how their names begin, and what nginx does instead. */
const DIFFERENT: Record<string, string[]> = {
  // 502 for a name server that is silent; and requests for the same name share one question.
  'dns-timeout': ['fault silent fired', 'client plain status 504'],
  // What is not HTTP is passed on as HTTP/0.9, with status 009 in the log.
  'wrong-protocol': ['client plain status 502'],
  'garbage-response': ['client plain status 502'],
  'malformed-status-line': ['client plain status 502'],
  'waf-invalid-response': ['client spider status 502'],
  // 502 where no server is left to be asked, or none has room.
  'no-live-upstreams': ['client plain status 502', 'client plain status 503'],
  'pool-exhausted': ['client turned_away status 503'],
  // The head has not been sent when the first chunk is wrong.
  'invalid-chunk-size': ['client plain truncated'],
  // What was read before the RST is lost with it.
  'truncated-body-reset': ['client plain bytes'],
  // A 101 that nobody asked for is an answer like any other.
  'unexpected-switching-protocols': [
    'client plain status 502',
    'proxy lb error http_protocol_error',
    'log lb contains',
  ],
  // It reads the authority that CONNECT names as a bad target, before it looks at the method.
  'gateway-invalid-endpoint': ['client balancer status 405'],
  // 501, as RFC 9112 section 6.1 has it.
  'request-malformed-transfer-encoding': ['client through status 400', 'client listed status 400'],
}

/** What comes out depends on more than nginx. */
const EITHER: Record<string, string> = {
  'conflicting-content-length': 'nginx 1.22 takes it, later ones do not',
  'content-length-and-chunked': 'nginx 1.22 takes it, later ones do not',
  'header-without-colon': 'nginx 1.22 takes it, later ones do not',
  'origin-restart': 'a process has to start again in time, and none of that is nginx’s',
  // A chunked body that is there by the time nginx sends goes on with its length.
  'request-without-length': 'it depends on microseconds how nginx frames the body',
}

/** Every reason for which a check may be skipped here. */
const REASONS = [
  / sends no Proxy-Status$/,
  / has no X-Proxy-Error$/,
  / has no X-Proxy-Error and no details of ours$/,
  / has no details of ours$/,
  /^the words in its log may mean another failure as well$/,
]

/** @param alone those that load the machine, which no other test may run beside; or all others */
export async function proveOnNginx(alone: boolean): Promise<void> {
  const temporary = ownTemporary(t)
  process.env.TMPDIR = temporary.folder
  const nginx = await installedNginx(t)
  if (!nginx) return
  const folder = `${repository}/scenarios/causes`
  const all = await readScenarios(await findScenarioFiles([folder], repository, folder))
  const loaded = all.filter(({ scenario }) => scenario.alone === alone)
  const result = await run(loaded, { proxy: nginx })
  t.equal(result.proxy, nginx.name)
  t.equal(result.scenarios.length, loaded.length)
  for (const [index, one] of result.scenarios.entries()) {
    await t.test(one.id, (t) => proveOne(t, one, loaded[index]!.scenario))
  }
  await t.test('nothing of it is left', async (t) => {
    await until(() => temporary.processes().length === 0)
    t.same(temporary.files(), [], 'no file')
  })
}

async function proveOne(t: Test, one: ScenarioResult, { id, max_lag, expect }: Scenario): Promise<void> {
  t.equal(one.id, id)
  t.not(one.verdict, 'error', one.reason ?? 'it ran')
  if (SKIPPED[id] !== undefined) {
    t.match(one, { verdict: 'skipped', reason: SKIPPED[id], checks: [] })
    return
  }
  if (one.verdict === 'skipped') {
    t.match(one.reason, /\w/, 'a scenario that this test does not know: with a reason')
    return
  }
  // A machine that is too busy says nothing about nginx.
  if (one.verdict === 'inconclusive' && max_lag !== undefined) {
    t.match(one.reason, /\w/)
    return
  }
  t.ok(judged(one) >= 1 && one.checks.length >= expect.length, `${judged(one)} of ${one.checks.length} checks judged`)
  for (const { verdict, reason = '', name } of one.checks) {
    if (verdict === 'skipped')
      t.ok(
        REASONS.some((form) => form.test(reason)),
        `${name}: ${reason}`,
      )
  }
  const either = EITHER[id]
  if (either !== undefined) {
    t.ok(['pass', 'fail'].includes(one.verdict), `${one.verdict}: ${either}`)
    return
  }
  const wanted = DIFFERENT[id] ?? []
  t.equal(failing(one).length, wanted.length, failing(one).join('; ') || 'no check fails')
  for (const [index, name] of failing(one).entries()) t.ok(name.startsWith(wanted[index] ?? '?'), name)
  t.equal(one.verdict, wanted.length === 0 ? 'pass' : 'fail', one.reason ?? 'all held')
}

function judged({ checks }: ScenarioResult): number {
  return checks.filter(({ verdict }) => verdict !== 'skipped').length
}

function failing({ checks }: ScenarioResult): string[] {
  return checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive').map(({ name }) => name)
}
