/** Both procedures on attempts whose cause is plain, and the rules of the document one by one. */
import { test } from 'tap'
import { diagnose, type ProcedureConfig, procedures } from '../../../src/core/gateway/diagnosis/index.js'
import { outcomeOf } from '../../../src/core/gateway/diagnosis/outcome.js'
import type { Observation } from '../../../src/core/gateway/observation.js'
import { drawCase } from '../../diagnosis/cases.js'
import { observe } from '../../diagnosis/observed.js'
import { attempts, busy, edgePage, noRoom, poolOf, refused, reset, served, unauthorized } from './attempts.js'

const evidence = procedures.evidence.schema.parse({ type: 'evidence' })
const threshold = procedures.threshold.schema.parse({ type: 'threshold' })
const counting = procedures.threshold.schema.parse({ type: 'threshold', counts: 'failures' })
const both: ProcedureConfig[] = [evidence, threshold]

for (const procedure of both) {
  test(`${procedure.type}: 5 of 100 exits blocked, or 100 of 100 without an answer`, (t) => {
    const pool = poolOf(100)
    const blockedOnes = [3, 17, 40, 66, 98]
    const some = diagnose(
      attempts(pool, 20, (exit) => (blockedOnes.includes(exit) ? reset : served)),
      pool,
      procedure,
    )
    t.equal(some.class, 'exit_block')
    t.same(
      some.exits,
      blockedOnes.map((n) => pool.exits[n]!.id),
    )
    const all = diagnose(
      attempts(pool, 20, () => refused),
      pool,
      procedure,
    )
    t.equal(all.class, 'origin_down')
    t.end()
  })

  test(`${procedure.type}: who refuses is believed`, (t) => {
    const pool = poolOf(10)
    const every = (n: number, what: typeof served) =>
      diagnose(
        attempts(pool, 30, (_, round) => (round % n === 0 ? what : served)),
        pool,
        procedure,
      ).class
    t.equal(every(2, unauthorized), 'bad_credentials')
    t.equal(every(2, noRoom), 'gateway_overloaded')
    t.equal(every(3, edgePage), 'edge_error')
    t.end()
  })

  test(`${procedure.type}: nothing seen, nothing wrong`, (t) => {
    t.equal(diagnose([], poolOf(5), procedure).class, 'none')
    t.end()
  })
}

test('evidence: a profile, a network, or a target that is late', (t) => {
  const pool = poolOf(12, ['plain', 'like_a_browser'])
  const profile = diagnose(
    attempts(pool, 40, (_, __, spoken) => (spoken === 'plain' ? reset : served)),
    pool,
  )
  t.match(profile, { class: 'fingerprint_block', profiles: ['plain'] })
  const subnet = diagnose(
    attempts(pool, 40, (exit, round) => (exit < 4 && round > 15 ? reset : served)),
    pool,
  )
  t.match(subnet, { class: 'subnet_block', subnets: ['127.11.0.0/24'] })
  const late = diagnose(
    attempts(pool, 40, (exit, round) => (round < 2 ? served : (exit + round) % 3 === 0 ? busy : { ...served, ms: 90 })),
    pool,
  )
  t.equal(late.class, 'origin_overloaded')
  t.match(late.because, /in \d+ % of the time most responses took over 3.5 times/)
  t.end()
})

test('evidence: a block that begins halfway, among failures that have nothing to do with it', (t) => {
  const pool = poolOf(20)
  const seen = attempts(pool, 40, (exit, round) =>
    exit === 7 && round >= 20 ? reset : (exit * 7 + round * 11) % 8 === 0 ? busy : served,
  )
  const { class: found, exits, because } = diagnose(seen, pool)
  t.equal(found, 'exit_block')
  t.same(exits, [pool.exits[7]!.id])
  t.match(because, /1 of 20 exits fail 100 %, everybody else 1\d %; log odds \d+/)
  t.end()
})

test('threshold: resets at every exit are the fingerprint where there are many to an exit', (t) => {
  const pool = poolOf(10, ['plain', 'other'])
  const resets = (of: number) => attempts(pool, 40, (exit, round) => ((exit + round) % of === 0 ? reset : served))
  t.match(diagnose(resets(4), pool, threshold), { class: 'fingerprint_block' })
  t.match(diagnose(resets(4), pool, { ...threshold, burn_rate: 11 }), { class: 'origin_down' })
  t.end()
})

test('threshold: the formula counts 502s; counting every failure is another rule', (t) => {
  const pool = poolOf(10)
  const seen = attempts(pool, 40, (exit, round) => ((exit + round) % 8 === 0 ? busy : served))
  t.equal(diagnose(seen, pool, threshold).class, 'none')
  t.equal(diagnose(seen, pool, counting).class, 'origin_down')
  t.end()
})

test('what one attempt says', (t) => {
  const seen = {
    t: 0,
    target: 'shop.test:443',
    exit: '127.11.0.1',
    subnet: '127.11.0.0/24',
    tag: '',
    profile: '',
    ms: 1,
  }
  const rows: [Partial<Observation>, string][] = [
    [{ ok: true, status: 200 }, 'ok'],
    [{ ok: false, status: 407 }, 'credentials'],
    [{ ok: false, status: 503, error: 'connection_limit_reached', stage: 'select', exit: '' }, 'overload'],
    [{ ok: false, status: 502, server: 'edge' }, 'edge'],
    [{ ok: false, status: 504 }, 'edge'],
    [{ ok: false, status: 503, server: 'edge' }, 'busy'],
    [{ ok: false, status: 503, proxy_error: 'upstream_unavailable' }, 'edge'],
    [{ ok: false, status: 403 }, 'denied'],
    [{ ok: false, error: 'connection_refused', stage: 'connect' }, 'unreached'],
    [{ ok: false, error: 'dns_error', stage: 'dns' }, 'unreached'],
    [{ ok: false, error: 'tls_alert_received', stage: 'tls' }, 'handshake'],
    [{ ok: false, error: 'connection_terminated', stage: 'response_head' }, 'cut'],
    [{ ok: false, error: 'connection_read_timeout', stage: 'response_head' }, 'late'],
    [{ ok: false, status: 200, error: 'http_response_incomplete', stage: 'response_body' }, 'broken'],
  ]
  for (const [what, outcome] of rows) t.equal(outcomeOf({ ...seen, ok: false, ...what }), outcome, JSON.stringify(what))
  t.end()
})

/** Not what is published: what would be seen is guessed here. It is to notice a procedure that got worse. */
test('drawn cases: evidence finds nearly all of them, and more than the threshold', (t) => {
  const cases = Array.from({ length: 45 }, (_, n) => drawCase(70_000 + n, ['a', 'b']))
  const right = (procedure: ProcedureConfig) =>
    cases.filter((one) => {
      const { observations, pool } = observe(one)
      return diagnose(observations, pool, procedure).class === one.label
    }).length / cases.length
  const found = right(evidence)
  t.ok(found > 0.95, `${found}`)
  t.ok(found > right(threshold) + 0.2)
  t.end()
})
