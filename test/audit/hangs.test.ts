/**
 * Verdicts on clients that hang on what they are told, that are not waited for to their end, that have a budget, and on
 * programs that do not print what they got: where silence is no proof, and where it is one.
 */
import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { judge } from '../../src/audit/audit.js'
import type { RuleResult } from '../../src/audit/result.js'
import { rules } from '../../src/audit/rules/index.js'
import type { Subject } from '../../src/clients/driver.js'
import { moduleSubject } from '../../src/clients/module.js'
import { commandSubject, linesSubject } from '../../src/index.js'
import { lacks } from '../cli/command.js'

t.setTimeout(300_000)
t.jobs = 8

const judged = async (id: string, subject: Subject): Promise<RuleResult> =>
  (await judge(subject, id, rules[id]!, { signal: new AbortController().signal, limitMs: 90_000 }))!

/** Four attempts, a second apart; `may()` is asked before each further one, and `well()` told of what went well. */
const client = ({ before = '', may = 'true', well = '', waitMs = '1000' }): string => `
  const sleep = (ms, signal) => new Promise((done, abort) => {
    signal.addEventListener('abort', () => abort(signal.reason))
    if (ms !== FOR_EVER) setTimeout(done, ms)
  })
  const FOR_EVER = -1
  let calls = 0
  ${before}
  export async function send(url, { method, headers, signal }) {
    const call = calls++
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(url, { method, headers, signal })
      const hint = response.headers.get('retry-after')
      if (response.ok) { ${well} }
      if (response.ok || attempt === 4 || !(${may})) return response
      await response.text()
      await sleep(${waitMs}, signal)
    }
  }`

const moduleOf = (t: Test, text: string): Subject =>
  moduleSubject('./client.mjs', { folder: t.testdir({ 'client.mjs': text }) })

const budget = (left: number, earned: number) => ({
  before: `let left = ${left}`,
  may: 'left >= 1 && left-- >= 1',
  well: `left = Math.min(${left}, left + ${earned})`,
})

t.test('a budget that fills again is no count that is lost', async (t) => {
  const budgets = [
    [5, 5],
    [5, 0.1],
    [2, 0.1],
  ] as const
  const names = budgets.map((_, n) => `client${n}.mjs`)
  const folder = t.testdir(Object.fromEntries(budgets.map((one, n) => [names[n], client(budget(one[0], one[1]))])))
  const judge = (name: string) => judged('same-attempts-as-asked', moduleSubject(`./${name}`, { folder }))
  const results = await Promise.all(names.map(judge))
  for (const [n, result] of results.entries())
    t.match(result, { verdict: 'pass', because: /^Calls made .* as many as at first$/ }, `${budgets[n]}`)
})

t.test('a budget that is never filled is', async (t) => {
  const result = await judged('same-attempts-as-asked', moduleOf(t, client(budget(5, 0))))
  t.match(result, {
    verdict: 'fail',
    because: 'Calls made 4, 2, 1, 1 and 1 attempts, and no more than 1 after 101 calls that went well',
  })
})

t.test('a call that is not waited for to its end is compared as far as it was', async (t) => {
  // Every other one waits longer before its third attempt than anybody listens.
  const waitMs = 'attempt === 2 && call % 2 ? 600_000 : attempt === 3 ? 600_000 : 1000'
  const result = await judged('same-attempts-as-asked', moduleOf(t, client({ waitMs })))
  t.match(result, {
    verdict: 'pass',
    because: 'Each of 5 calls made 2 attempts, as far as they were waited for',
    evidence: [/^2 attempts, the caller has no answer/, /^3 attempts, the caller has no answer/],
  })
})

t.test('one that makes more attempts the second time', async (t) => {
  const result = await judged('same-attempts-as-asked', moduleOf(t, client({ may: 'attempt <= calls' })))
  t.match(result, { verdict: 'fail', because: /^Calls made / })
})

const hangingOn = (hint: RegExp, waitMs = '1000', only = 'true'): string =>
  client({ waitMs: `hint !== null && ${only} && ${hint}.test(hint) ? FOR_EVER : ${waitMs}` })

t.test('who waits for ever on a Retry-After fails', async (t) => {
  const ids = ['honours-retry-after', 'retry-after-on-502-504', 'long-retry-after'] as const
  const subject = moduleOf(t, hangingOn(/./))
  const results = await Promise.all(ids.map((id) => judged(id, subject)))
  for (const [n, result] of results.entries()) {
    const id = ids[n]
    t.match(result, {
      verdict: 'fail',
      because: /^After a 50[23] with Retry-After: \d+ it had neither come back nor told its caller after \d+\.\d\d s$/,
    })
    const waited = Number(/after ([\d.]+) s$/.exec(result.because)?.[1])
    t.ok(waited > (id === 'long-retry-after' ? 240 : 35), `${waited} s`)
  }
})

t.test('one of two statuses is enough for that', async (t) => {
  const text = hangingOn(/./, '4000', 'response.status === 504')
  const result = await judged('retry-after-on-502-504', moduleOf(t, text))
  t.match(result, { verdict: 'fail', because: /^After a 504 with Retry-After: 3 it had neither/ })
})

const RFC_850 = /day, \d\d-/
const DATE = `hint === null ? 1000 : Math.max(0, Date.parse(/GMT$/.test(hint) ? hint : hint + ' GMT') - Date.now()) + 1000`

t.test('dates: who hangs on one fails; who gives up on one, or comes later, is told so', async (t) => {
  const hung = await judged('retry-after-date', moduleOf(t, hangingOn(RFC_850, DATE)))
  t.match(hung, {
    verdict: 'fail',
    because: /^After a 503 with a date of RFC 850 that was [\d.]+ s ahead it had neither come back nor told its caller/,
  })
  const may = `!${RFC_850}.test(hint)`
  const gaveUp = await judged('retry-after-date', moduleOf(t, client({ may, waitMs: DATE })))
  t.equal(gaveUp.verdict, 'pass', gaveUp.because)
  t.match(gaveUp.because, /it gave up instead of coming before a date of RFC 850; /)
  const [, told, came] =
    /told by a date of asctime to wait ([\d.]+) s, it came back ([\d.]+) s later/.exec(gaveUp.because) ?? []
  t.ok(Number(came) > Number(told) - 1, gaveUp.because)
})

const BODY_RULE = 'truncated-body'
const SILENT = /^it does not tell what it got: its caller has \d+ bytes of a body of 100 that came whole$/

function withCurl(t: Test): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    lacks(t, 'curl is not installed: apt-get install curl')
    return false
  }
}

t.test('programs that print no body, or more than it, are not judged by it', async (t) => {
  if (!withCurl(t)) return
  for (const words of [
    ['-sSf', '-o', '/dev/null', '{url}'],
    ['-sSfi', '{url}'],
  ]) {
    const result = await judged(BODY_RULE, await commandSubject(['curl', '-q', ...words]))
    t.match(result, { verdict: 'not_applicable', because: SILENT }, words.join(' '))
  }
})

t.test('one that prints half of it still is', async (t) => {
  if (!withCurl(t)) return
  const result = await judged(BODY_RULE, await commandSubject(['sh', '-c', 'curl -q -sf "$BADGATEWAY_URL" || true']))
  t.match(result, { verdict: 'fail', because: /its caller got 50 bytes for the whole$/ })
})

t.test('one that answers by lines without a body', async (t) => {
  const program = `
    const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
    say({ ready: true })
    require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
      const { id, url, headers } = JSON.parse(line)
      try {
        const response = await fetch(url, { headers })
        await response.text()
        say({ id, status: response.status })
      } catch ({ name, message }) {
        say({ id, error: { name, message } })
      }
    })`
  const result = await judged(BODY_RULE, await linesSubject([process.execPath, '-e', program], 60_000))
  t.match(result, { verdict: 'not_applicable', because: SILENT })
})
