/** Programs that go on running, under audit: rules on one that is right, and what is said of those that are not even a client. */
import t from 'tap'
import { type AuditOptions, type AuditResult, audit, linesSubject } from '../../src/index.js'

t.setTimeout(300_000)
t.jobs = 4

const auditOf = async (words: string[], options: AuditOptions): Promise<AuditResult> =>
  audit(await linesSubject(words, words.at(-1)!.includes('ready: true') ? 60_000 : 300), options)

const verdicts = ({ rules }: AuditResult) => Object.fromEntries(rules.map(({ rule, verdict }) => [rule, verdict]))

/** `client(call, signal)` is what is audited; it returns what to answer. */
const program = (client: string, ...can: string[]): string[] => [
  process.execPath,
  '-e',
  `
  const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
  const fetched = async (response) => ({ status: response.status, body: await response.text() })
  const client = ${client}
  const open = new Map()
  say({ ready: true, name: 'mine', version: '1.2.3', can: ${JSON.stringify(can)} })
  require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, abort, ...call } = JSON.parse(line)
    if (abort) return open.get(id)?.abort()
    const controller = new AbortController()
    open.set(id, controller)
    try {
      say({ id, ...await client(call, controller.signal) })
    } catch ({ name, message, code }) {
      say({ id, error: { name, message, code } })
    }
  })`,
]

/** Three attempts, but no second POST; a second apart, up to four where it is asked to, and none for a caller who has gone. */
const RIGHT = `async ({ url, method, headers, body }, signal) => {
  for (let attempt = 1; ; attempt++) {
    const last = attempt === 3 || method === 'POST'
    const response = await fetch(url, { method, headers, body, signal }).catch((error) => {
      if (last || signal.aborted) throw error
    })
    if (response && (last || ![502, 503].includes(response.status))) return fetched(response)
    await response?.text()
    const ms = 1000 * Math.min(4, Math.max(1, response?.headers.get('retry-after') ?? 0))
    await require('node:timers/promises').setTimeout(ms, undefined, { signal })
  }
}`

t.test('a right one, by rules that need bodies, many calls and aborts', { timeout: 120_000 }, async (t) => {
  const rules = [
    'retries-502',
    'honours-retry-after',
    'no-duplicate-post',
    'body-intact',
    'abort-during-wait',
    'abort-in-flight',
    'no-unhandled-rejections',
    'half-open-probe',
    'keeps-connections',
  ]
  const result = await auditOf(program(RIGHT, 'abort', 'methods', 'body', 'many'), { rules })
  t.match(result, { kind: 'command', time_scale: 1, versions: { mine: '1.2.3' } })
  t.same(verdicts(result), {
    ...Object.fromEntries(rules.map((rule) => [rule, 'pass'])),
    'half-open-probe': 'not_applicable',
  }) || t.comment(JSON.stringify(result.rules, undefined, 1))
  t.match(result.rules.at(-2)!.because, /^it has no breaker/)
})

t.test('what it did not say that it can it is not asked for', async (t) => {
  const rules = ['no-duplicate-post', 'amplification', 'body-intact', 'abort-in-flight', 'stream-body']
  const result = await auditOf(program(RIGHT), { rules })
  t.same(
    Object.values(verdicts(result)),
    rules.map(() => 'not_applicable'),
  )
  t.equal(result.verdict, 'inconclusive')
  t.equal(
    result.rules.find(({ rule }) => rule === 'amplification')!.because,
    'it did not say that it can: "can": ["many"]',
  )
})

t.test('one that sends a POST twice, and one that spoils the body', { timeout: 60_000 }, async (t) => {
  const again = RIGHT.replace(" || method === 'POST'", '')
  const can = ['methods', 'body']
  const duplicates = await auditOf(program(again, ...can), { rules: ['no-duplicate-post'] })
  t.match(duplicates.rules, [{ verdict: 'fail', because: /sent the POST again/ }])
  const spoiling = RIGHT.replace('signal })', 'signal, ...(attempt > 1 && { body: body?.slice(9) }) })')
  const spoilt = await auditOf(program(spoiling, ...can), { rules: ['body-intact'] })
  t.match(spoilt.rules, [{ verdict: 'fail', because: /of \d+ bytes of its body/ }])
})

t.test('one that has no budget is found out by many calls', { timeout: 60_000 }, async (t) => {
  const hasty =
    'async ({ url, headers }) => { for (let n = 0; n < 5; n++) { var r = await fetch(url, { headers }); if (r.ok) break } return fetched(r) }'
  const { rules } = await auditOf(program(hasty, 'many'), { rules: ['amplification'] })
  t.match(rules, [{ verdict: 'fail', because: /calls in a total outage made \d{3} attempts/ }])
})

t.test('one that hears an abort and tries again all the same', { timeout: 60_000 }, async (t) => {
  const deaf = RIGHT.replaceAll('|| signal.aborted', '')
    .replace(', undefined, { signal }', '')
    .replace('body, signal', 'body, signal: attempt === 1 ? signal : undefined')
  const { rules } = await auditOf(program(deaf, 'abort', 'many'), { rules: ['abort-in-flight'] })
  t.match(rules, [{ verdict: 'fail', because: /^Aborted in its first attempt, it made/ }])
})

t.test('a status that it does not tell is what the server answered last', { timeout: 60_000 }, async (t) => {
  const silent = RIGHT.replace('return fetched(response)', 'return { body: await response.text() }')
  const { rules } = await auditOf(program(silent), { rules: ['retries-502'] })
  t.match(rules, [{ verdict: 'pass', evidence: [/502/, /200/, /^the caller got 200/] }])
})

const RULES = ['retries-502', 'settles']

t.test('one that asks somebody else', async (t) => {
  const result = await auditOf(program("() => fetch('http://127.0.0.1:9/')"), { rules: RULES })
  t.equal(result.verdict, 'inconclusive')
  for (const { because } of result.rules) {
    t.match(because, /^No request of it arrived: .*\. It has to read a JSON line for each call, to ask for its "url"/)
  }
})

t.test('one that ignores the headers, or the path', async (t) => {
  for (const [ignoring, path] of [
    ['async ({ url }) => fetched(await fetch(url))', '/'],
    ["async ({ url }) => fetched(await fetch(new URL('/own', url)))", '/own'],
  ] as const) {
    const [told] = (await auditOf(program(ignoring), { rules: RULES })).rules
    t.match(told, {
      verdict: 'inconclusive',
      because: /^Requests arrived, but none for the URL of the call: its call ended without an error\. .*X-Request-Id/,
      evidence: [`attempt 1: GET ${path}, 200`],
    })
  }
})

t.test('one that never says that it is ready, and never answers', async (t) => {
  const result = await auditOf(['sleep', '600'], { rules: RULES, limitMs: 500 })
  t.match(result.rules[0], {
    verdict: 'inconclusive',
    because: 'No request of it arrived: it was still running after 0.5 s',
  })
})

t.test('one that asks and never answers has the time of a rule', { timeout: 60_000 }, async (t) => {
  const mute = 'async ({ url, headers }) => { await fetch(url, { headers }); await new Promise(() => {}) }'
  const { rules } = await auditOf(program(mute, 'many'), { rules: ['bounded'], limitMs: 3000 })
  t.match(rules, [{ verdict: 'inconclusive', because: 'The program was still at it after 3 s' }])
})

t.test('one that prints no answers is told in the evidence, with the beginning of what it printed', async (t) => {
  const logs = "console.log('GET ' + 'x'.repeat(200)); "
  const [asking] = (
    await auditOf(program(`async ({ url, headers }) => { ${logs} return fetched(await fetch(url, { headers })) }`), {
      rules: ['retries-502'],
    })
  ).rules
  t.equal(asking!.verdict, 'fail', 'for it asked once')
  t.match(asking!.evidence.at(-1), /^the client: it printed a line that is no JSON object: "GET x{76}"$/)
  const [mute] = (
    await auditOf(program(`() => { ${logs} return new Promise(() => {}) }`), { rules: ['retries-502'], limitMs: 500 })
  ).rules
  t.match(mute, {
    verdict: 'inconclusive',
    because: /^No request/,
    evidence: [/^the client: it printed a line that is no/],
  })
})

t.test('one that prints megabytes without an end', { timeout: 60_000 }, async (t) => {
  const flood =
    "async ({ url, headers }) => { await fetch(url, { headers }); process.stdout.write('x'.repeat(3e6)); await new Promise(() => {}) }"
  const [told] = (await auditOf(program(flood), { rules: ['bounded'], limitMs: 3000 })).rules
  t.match(told!.evidence.at(-1), 'the client: it printed more than 1048576 bytes without the end of a line')
})

t.test('one that ends in the middle fails the rule, with its last words; the next rule has a new one', async (t) => {
  const dying = `async ({ url, headers }) => { const response = await fetch(url, { headers })
    if (response.status === 502) { console.error('Segmentation fault'); process.exit(139) }
    return fetched(response) }`
  const { rules } = await auditOf(program(dying), { rules: ['retries-502', 'idle-close-race'] })
  t.match(rules[0], {
    verdict: 'fail',
    because: "The client's process is gone: node ended with exit code 139 (SIGSEGV): Segmentation fault",
  })
  t.notMatch(rules[1]!.because, 'gone')
})
