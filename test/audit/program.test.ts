/** Programs under audit: rules on a real one, and what is said of those that can't be judged. */
import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { type AuditOptions, type AuditResult, audit, commandSubject } from '../../src/index.js'
import { lacks } from '../cli/command.js'

t.jobs = 4

const RULES = ['retries-502', 'honours-retry-after']

const auditOf = async (words: string[], options: AuditOptions = {}): Promise<AuditResult> =>
  audit(await commandSubject(words), { rules: RULES, ...options })

const verdicts = ({ rules }: AuditResult) => rules.map(({ verdict }) => verdict)

function withCurl(t: Test): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    lacks(t, 'curl is not installed: apt-get install curl')
    return false
  }
}

/** A program that this very Node runs; `process.argv` from 1 on are `args`. */
const fetching = (text: string, ...args: string[]): string[] => [
  process.execPath,
  '--input-type=module',
  '-e',
  text,
  ...args,
]

t.test('curl --retry 3', { timeout: 60_000 }, async (t) => {
  if (!withCurl(t)) return
  const result = await auditOf(['curl', '-q', '-sSf', '--retry', '3', '{url}'])
  t.same(verdicts(result), ['pass', 'pass'])
  t.match(result, { kind: 'command', verdict: 'pass', time_scale: 1, versions: { curl: /^curl \d/ } })
  t.match(result.rules[1]!.evidence, [
    'attempt 1: GET /, 503, Retry-After: 3',
    /^attempt 2, \d{4,} ms later: GET \/, 200$/,
  ])
})

t.test('curl without --retry', { timeout: 60_000 }, async (t) => {
  if (!withCurl(t)) return
  const result = await auditOf(['curl', '-q', '-sSf', '{url}'])
  t.same(verdicts(result), ['fail', 'not_applicable'])
  t.match(result.rules[0], { because: /^It did not try again after a 502/, evidence: ['attempt 1: GET /, 502'] })
})

t.test('a program that reads its environment', async (t) => {
  const ask = 'console.log(await (await fetch(process.env.BADGATEWAY_URL)).text())'
  t.same(verdicts(await auditOf(fetching(ask))), ['fail', 'not_applicable'])
})

t.test('one that sends the id as X-Request-Id, and asks for a path of its own', async (t) => {
  const ask = `
    const { BADGATEWAY_URL: url, BADGATEWAY_REQUEST_ID: id } = process.env
    for (let n = 0; n < 2; n++) {
      const response = await fetch(new URL('/own', url), { headers: { 'x-request-id': id } })
      if (response.ok) break
    }`
  const result = await auditOf(fetching(ask))
  t.same(verdicts(result), ['pass', 'fail'])
  t.match(result.rules[0]!.evidence, [/GET \/own, 502/, /GET \/own, 200/])
})

t.test('one that asks nobody', async (t) => {
  const told: string[] = []
  const result = await auditOf(['sh', '-c', 'echo no settings >&2; exit 3'], {
    onResult: ({ rule }) => void told.push(rule),
  })
  t.equal(result.verdict, 'inconclusive')
  t.same(verdicts(result), ['inconclusive', 'inconclusive'])
  t.same(told, RULES)
  t.equal(
    result.rules[0]!.because,
    'No request of it arrived: sh ended with exit code 3: no settings. ' +
      'Put {url} among its arguments, or let it read BADGATEWAY_URL from its environment.',
  )
})

t.test('one that was given the URL and asks nobody', async (t) => {
  t.equal(
    (await auditOf(['true', '{url}'])).rules[0]!.because,
    'No request of it arrived: its call ended without an error. ' +
      'It has to ask for {url} just as it is, or to send {id} as X-Request-Id.',
  )
})

t.test('one that asks for another path', async (t) => {
  const ask = "await fetch(new URL('/other', process.argv[1]))"
  const [told] = (await auditOf(fetching(ask, '{url}'))).rules
  t.match(told, {
    verdict: 'inconclusive',
    because:
      /^Requests arrived, but none for the URL of the call: its call ended without an error\. It has to ask for \{url\}/,
    evidence: ['attempt 1: GET /other, 200'],
  })
})

t.test('one that hangs before it asks', async (t) => {
  const [told] = (await auditOf(['sleep', '600'], { limitMs: 500 })).rules
  t.match(told, {
    verdict: 'inconclusive',
    because: 'No request of it arrived: it was still running after 0.5 s. Put {url} among its arguments',
  })
})

t.test('one that hangs after it has asked', async (t) => {
  const ask = 'await fetch(process.argv[1]); setInterval(() => {}, 1000)'
  const [told] = (await auditOf(fetching(ask, '{url}'), { limitMs: 4000 })).rules
  t.match(told, { verdict: 'inconclusive', because: 'The program was still at it after 4 s' })
})

t.test('one that we ended has not given up', async (t) => {
  const ask = 'for (;;) { await fetch(process.argv[1]); await new Promise((next) => setTimeout(next, 300)) }'
  const [told] = (await audit(await commandSubject(fetching(ask, '{url}'), 3000), { rules: ['bounded'] })).rules
  t.match(told, { verdict: 'inconclusive', because: /^After \d+ attempts it was still waiting/ })
  t.match(told!.evidence.at(-1), 'the client: node was still running after 3 s and was ended')
})

t.test('one that prints megabytes', async (t) => {
  const ask = "await fetch(process.argv[1]); process.stdout.write('x'.repeat(2 ** 21))"
  const [told] = (await auditOf(fetching(ask, '{url}'))).rules
  t.equal(told!.verdict, 'fail', 'for it asked once')
  t.match(told!.evidence.at(-1), 'the client: it printed 1048576 bytes more than the 1048576 that are kept')
})

t.test('one that crashes', async (t) => {
  const ask = "await fetch(process.argv[1]); process.kill(process.pid, 'SIGABRT'); setInterval(() => {}, 1000)"
  const [told] = (await auditOf(fetching(ask, '{url}'))).rules
  t.match(told!.evidence.at(-1), 'the client: node was ended by SIGABRT')
})
