/** The run of an audit: which rules, in which order, what becomes of a client or a rule that does not behave. */
import t, { type Test } from 'tap'
import { auditBy } from '../../src/audit/audit.js'
import { type Bench, fail, inconclusive, pass, type Rule } from '../../src/audit/rule.js'
import type { Send, Subject } from '../../src/clients/driver.js'
import { functionSubject } from '../../src/clients/function.js'
import { subjectNamed } from '../../src/clients/subject.js'
import { audit, type RuleResult } from '../../src/index.js'

/** Most of it is waiting. */
t.jobs = 4

const plain: Send = (url, init) => fetch(url, init)
const silent: Send = () => new Promise(() => {})

const rule = (check: (bench: Bench) => Promise<unknown>, more: Partial<Rule> = {}): Rule => ({
  summary: 'does as it should',
  why: 'People like that.',
  async check(bench) {
    await check(bench)
    return pass('1 of 1')
  },
  ...more,
})

/** One call of the client on a rig of its own. */
const oneCall = async (bench: Bench) => {
  const lab = await bench.rig({ faults: [] })
  const asked = await bench.ask(lab)
  return { lab, asked }
}

const fixture = (t: Test, text: string): Subject =>
  subjectNamed('./client.mjs', { folder: t.testdir({ 'client.mjs': text }) })

t.test('a library that is right about both', async (t) => {
  const result = await audit('got', { rules: ['retries-502', 'honours-retry-after'], seed: 7 })
  t.match(result, { subject: 'got', kind: 'library', versions: { got: /^\d+/ }, time_scale: 50, seed: 7 })
  t.match(result, { verdict: 'pass', interrupted: false, node: process.versions.node })
  t.match(result.rules, [
    { rule: 'retries-502', verdict: 'pass', because: 'It tried again after a 502, and had its answer with 2 attempts' },
    { rule: 'honours-retry-after', verdict: 'pass', because: /^Told to come back in 3 s it came back in [\d.]+ s / },
  ])
  t.match(result.rules[0]!.evidence, ['attempt 1: GET /, 502', /^attempt 2, \d+ ms later: GET \/, 200$/])
})

t.test('a function without retries', async (t) => {
  const result = await audit(plain, { rules: ['retries-502', 'honours-retry-after'] })
  t.match(result, { subject: 'plain', kind: 'function', time_scale: 1, verdict: 'fail' })
  t.match(result.rules, [
    { verdict: 'fail', because: 'It did not try again after a 502: its caller got 502' },
    { verdict: 'not_applicable', because: 'it does not try again after a 503 with Retry-After: 3' },
  ])
})

t.test('a function that comes back too early', async (t) => {
  const early: Send = async (url, init) => {
    const response = await plain(url, init)
    return response.status < 500 ? response : plain(url, init)
  }
  const result = await audit(early, { rules: ['honours-retry-after'] })
  t.match(result.rules, [{ verdict: 'fail', because: /^After a 503 with Retry-After: 3 it came back in / }])
})

t.test('rules that there are not, clients that there are not', async (t) => {
  const problem = { name: 'ScenarioError', message: /unknown rule "retrys-502", did you mean "retries-502"\?/ }
  await t.rejects(audit('got', { rules: ['retrys-502'] }), problem)
  await t.rejects(audit('goot'), { name: 'ScenarioError' })
  let called = false
  const rules = { one: rule(async () => (called = true)) }
  await t.rejects(auditBy(rules, fixture(t, 'export const a = 1')), { name: 'ScenarioError', message: /no function/ })
  t.equal(called, false, 'no rule is asked')
})

t.test('in the order of the table, whoever is done first; each is told when it is done', async (t) => {
  const told: string[] = []
  const slow = rule(() => new Promise((resolve) => setTimeout(resolve, 200)))
  const result = await auditBy({ slow, quick: rule(async () => {}) }, functionSubject(plain), {
    parallel: 2,
    onResult: ({ rule }) => told.push(rule),
  })
  t.same(
    result.rules.map(({ rule }) => rule),
    ['slow', 'quick'],
  )
  t.same(told, ['quick', 'slow'])
})

t.test('so many side by side; one that runs alone has nobody beside it', async (t) => {
  let running = 0
  const seen: number[] = []
  const counted = (more: Partial<Rule> = {}) =>
    rule(async () => {
      seen.push(++running)
      await new Promise((resolve) => setTimeout(resolve, 30))
      running--
    }, more)
  const rules = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`r${n}`, counted()]))
  await auditBy({ a: counted({ alone: true }), ...rules, b: counted({ alone: true }) }, functionSubject(plain), {
    parallel: 3,
  })
  t.equal(Math.max(...seen.slice(0, 5)), 3)
  t.same(seen.slice(5), [1, 1])
})

t.test(
  'the client that was loaded to see whether it can be is that of the first rule; each other has its own',
  async (t) => {
    const plainly = functionSubject(plain)
    let [starts, closes] = [0, 0]
    const subject: Subject = {
      ...plainly,
      async start() {
        starts++
        const running = await plainly.start()
        return {
          ...running,
          close() {
            closes++
            return running.close()
          },
        }
      },
    }
    const asks = rule(async (bench) => (await oneCall(bench)).asked.answer)
    await auditBy({ one: asks, two: asks }, subject, { parallel: 1 })
    t.same([starts, closes], [2, 2])
    await auditBy({ one: rule(async () => {}, { needs: ['abort'] }) }, { ...subject, lacks: { abort: 'no' } })
    t.same([starts, closes], [3, 3], 'also where no rule asks for it')
  },
)

t.test('what a client can’t do is not asked of it', async (t) => {
  const subject: Subject = { ...functionSubject(plain), lacks: { abort: 'a program can only be killed' } }
  const rules = { stops: rule(async () => t.fail('it is asked'), { needs: ['stream', 'abort'] }) }
  const result = await auditBy(rules, subject)
  t.match(result, { verdict: 'inconclusive', rules: [{ verdict: 'not_applicable', because: /only be killed/ }] })
})

t.test('the verdict: a failure counts most, then a pass', async (t) => {
  const saying = (finding: ReturnType<typeof pass>) => ({ ...rule(async () => {}), check: async () => finding })
  const [good, bad, odd] = [saying(pass('1')), saying(fail('2')), saying(inconclusive('3'))]
  const verdict = async (rules: Record<string, Rule>) => (await auditBy(rules, functionSubject(plain))).verdict
  t.equal(await verdict({ good, odd }), 'pass')
  t.equal(await verdict({ good, bad, odd }), 'fail')
  t.equal(await verdict({ odd }), 'inconclusive')
})

t.test('a rule that breaks is our own bug, and nobody’s pass; the others end', async (t) => {
  const breaks = rule(async () => {
    throw new Error('of undefined')
  })
  const forever = rule(async (bench) => (await oneCall(bench)).asked.answer)
  const broken = auditBy({ forever, breaks }, functionSubject(silent), { parallel: 2 })
  await t.rejects(broken, { name: 'InvariantError', message: 'rule "breaks" broke: of undefined' })
  const badRig = rule((bench) => bench.rig({ faults: [{ id: 'x', at: 'lunch', effect: 'reset' } as never] }))
  await t.rejects(auditBy({ badRig }, functionSubject(plain)), { name: 'InvariantError', message: /unknown trigger/ })
})

t.test('a client that is still at it when the time is up', async (t) => {
  const waits = rule(async (bench) => (await oneCall(bench)).asked.answer)
  const result = await auditBy({ waits }, functionSubject(silent), { limitMs: 100 })
  t.match(result.rules, [{ verdict: 'inconclusive', because: 'The client was still at it after 0.1 s' }])
})

t.test('and what servers saw of it until then', async (t) => {
  const subject = fixture(
    t,
    `export default async (url, init) => {
      for (;;) {
        await (await fetch(url, init)).text()
        await new Promise((resolve) => setTimeout(resolve, 20_000))
      }
    }`,
  )
  const waits = rule(async (bench) => (await oneCall(bench)).asked.answer)
  const result = await auditBy({ waits }, subject, { limitMs: 4000 })
  t.match(result.rules, [{ verdict: 'inconclusive', because: /after 4 s, 200 s by its own clock$/ }])
  t.match(result.rules[0]!.evidence, ['attempt 1: GET /, 200', /^attempt 2, \d{5,} ms later: GET \/, 200$/])
})

t.test('a client in a loop without end, and one whose process ends', async (t) => {
  const asks = rule(async (bench) => (await oneCall(bench)).asked.answer)
  const loops = await auditBy({ asks }, fixture(t, 'export default async () => { for (;;); }'), { limitMs: 200 })
  t.match(loops.rules, [{ verdict: 'fail', because: /did not respond any more: it is in a loop/ }])
  const ends = await auditBy({ asks }, fixture(t, 'export default () => process.exit(7)'))
  t.match(ends.rules, [{ verdict: 'fail', because: "The client's process is gone: it ended with code 7" }])
})

t.test('what nobody caught stands with the evidence', async (t) => {
  const subject = fixture(
    t,
    `export default async (url, init) => {
      Promise.reject(new Error('forgotten'))
      return fetch(url, init)
    }`,
  )
  const asks = rule(async (bench) => (await oneCall(bench)).asked.answer)
  const result = await auditBy({ asks }, subject)
  t.match(result.rules, [{ verdict: 'pass', evidence: ['the client: nobody caught Error: forgotten'] }])
})

t.test('an interruption: what was found until then', async (t) => {
  const stop = new AbortController()
  const told: RuleResult[] = []
  const waits = rule(async (bench) => (await oneCall(bench)).asked.answer)
  const result = await auditBy({ quick: rule(async () => {}), waits, later: waits }, functionSubject(silent), {
    parallel: 1,
    signal: stop.signal,
    onResult: (one) => {
      told.push(one)
      stop.abort()
    },
  })
  t.equal(result.interrupted, true)
  t.match(result.rules, [{ rule: 'quick', verdict: 'pass' }])
  t.equal(result.rules.length, 1)
  t.equal(told.length, 1)
})

t.test('a busy machine is silent for a while, and that is no end', async (t) => {
  const late: Send = async (url, init) => {
    await new Promise((resolve) => setTimeout(resolve, 700))
    return plain(url, init)
  }
  const fast: Subject = { ...functionSubject(late), timeScale: 1000 }
  const asks = rule(async (bench) => t.match(await (await oneCall(bench)).asked.settled(30_000), { status: 200 }))
  await auditBy({ asks }, fast)
})

t.test('settled: the answer', async (t) => {
  const seen: unknown[] = []
  const answers = rule(async (bench) => {
    const { lab, asked } = await oneCall(bench)
    seen.push((await asked.settled(10_000))?.status, bench.attempts(lab, asked).length)
  })
  await auditBy({ answers }, functionSubject(plain))
  t.same(seen, [200, 1])
})

t.test('settled: undefined when nothing happens', async (t) => {
  const seen: unknown[] = []
  const begun = performance.now()
  const quiet = rule(async (bench) => {
    const { asked } = await oneCall(bench)
    seen.push(await asked.settled(120))
  })
  await auditBy({ quiet }, functionSubject(silent))
  t.same(seen, [undefined])
  t.ok(performance.now() - begun >= 119)
})

t.test('settled: undefined when nothing happens any more', async (t) => {
  const seen: unknown[] = []
  /** It asks again after 100 ms each time, four times: 150 ms of silence come only behind the last. */
  const patient: Send = async (url, init) => {
    for (let n = 0; n < 4; n++) {
      await (await plain(url, init)).text()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return new Promise(() => {})
  }
  const goesOn = rule(async (bench) => {
    const { lab, asked } = await oneCall(bench)
    seen.push(await asked.settled(1000), bench.attempts(lab, asked).length, bench.attempts(lab).length)
  })
  await auditBy({ goesOn }, functionSubject(patient))
  t.same(seen, [undefined, 4, 4])
})

t.test('a suite that fakes its timers can audit', { buffered: false }, async (t) => {
  const { setTimeout } = globalThis
  t.teardown(() => Object.assign(globalThis, { setTimeout }))
  globalThis.setTimeout = (() => ({ unref() {} })) as never
  const { rules } = await audit(plain as never, { rules: ['retries-502'] })
  t.match(rules, [{ verdict: 'fail', because: /^It did not try again after a 502/ }])
})
