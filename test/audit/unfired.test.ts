/**
 * That no rule praises, or excuses, a client for a trouble that it never met: clients that send nothing, or too little, or
 * answer by themselves. They run as a user's own file does. Three more wait as long in real time as they have to.
 */
import t from 'tap'
import { judge } from '../../src/audit/audit.js'
import type { RuleResult } from '../../src/audit/result.js'
import { rules } from '../../src/audit/rules/index.js'
import type { Running, Subject } from '../../src/clients/driver.js'
import { moduleSubject } from '../../src/clients/module.js'

const CLIENTS = `
import { request } from 'node:http'

/** Sends nothing. */
export const says = async () => new Response('ok')
export const throws = async () => { throw new Error('not today') }

/** Has an answer whatever became of its request. */
export const swallows = async (url, init) => {
  try {
    return new Response(await (await fetch(url, init)).text())
  } catch {
    return new Response('ok')
  }
}

/** Of one path it knows the answer without asking. */
export const remembers = (url, init) => url.endsWith('/back') ? says() : fetch(url, init)

/** Asks for something else than it was told to. */
export const astray = (url, init) => fetch(new URL('/elsewhere', url), init)

/** Breaks after so many calls. */
const breaking = (calls, broken) => (url, init) => --calls < 0 ? broken() : fetch(url, init)
export const once = breaking(1, throws)
export const firstOnly = breaking(1, says)
/** All calls of the good times of keeps-connections, and three more. */
export const eleven = breaking(11, throws)

/** A connection for each call. */
export const anew = (url, { method, headers }) => new Promise((resolve, reject) => {
  const sent = request(url, { method, headers, agent: false }, (response) => {
    response.setEncoding('utf8')
    let body = ''
    response.on('data', (text) => { body += text })
    response.on('end', () => resolve(new Response(body, { status: response.statusCode })))
  })
  sent.on('error', reject)
  sent.end()
})

/** A breaker: open for so long after one failure, and one call finds out. */
function breaker(openMs) {
  let openUntil = 0
  return async (url, init) => {
    if (Date.now() < openUntil) throw new Error('the breaker is open')
    if (openUntil > 0) openUntil = Date.now() + openMs
    const fell = () => { openUntil = Date.now() + openMs }
    const response = await fetch(url, init).catch((error) => { fell(); throw error })
    if (response.status < 500) openUntil = 0
    else fell()
    return response
  }
}
export const halfMinute = breaker(30_000)
export const minute = breaker(72_000)
export const plain = (url, init) => fetch(url, init)

/** Waits for ever on a Retry-After, as long as its caller does. */
export async function hangs(url, init) {
  const response = await fetch(url, init)
  if (!response.headers.has('retry-after')) return response
  await response.text()
  await new Promise((_, left) => init.signal.addEventListener('abort', () => left(init.signal.reason)))
}
`
const folder = t.testdir({ 'client.mjs': CLIENTS })
const never = new AbortController().signal

async function judged(id: string, client: string, timeScale = 50): Promise<RuleResult> {
  const subject = moduleSubject(`./client.mjs#${client}`, { folder, timeScale })
  return (await judge(subject, id, rules[id]!, { signal: never, limitMs: 90_000 }))!
}

/** One process for every rule: a client that sends nothing and keeps nothing is the same for each. */
async function kept(client: string): Promise<Subject> {
  const subject = moduleSubject(`./client.mjs#${client}`, { folder, timeScale: 200 })
  const running = await subject.start()
  t.teardown(() => running.close())
  const lent: Running = {
    call: (call) => running.call(call),
    delays: () => running.delays(),
    now: () => running.now(),
    state: () => running.state(),
    troubles: running.troubles,
    get end() {
      return running.end
    },
    close: async () => {},
  }
  return { ...subject, start: async () => lent }
}

/** Each its own: tap writes into it. */
const beside = () => ({ buffered: true, jobs: 1 })
t.jobs = 6

// They take longest, and begin first.
t.test('half a minute of an open breaker is waited for on a slow clock, and told as it was', beside(), async (t) => {
  const finding = await judged('recovers', 'halfMinute', 2)
  t.equal(finding.verdict, 'pass', finding.because, { finding })
  const [, outage, later] = finding.because.match(/outage of ([\d.]+) s call \d+, ([\d.]+) s later/) ?? []
  t.ok(Number(outage) >= 2.9, finding.because)
  t.ok(Number(later) >= 20, finding.because)
})

t.test('a minute of an open breaker is waited for on a slow clock', beside(), async (t) => {
  const finding = await judged('half-open-probe', 'minute', 3)
  t.equal(finding.verdict, 'pass', finding.because, { finding })
})

t.test(
  'who hangs on a Retry-After is not waited for so long in real time, and nothing is said',
  beside(),
  async (t) => {
    const finding = await judged('honours-retry-after', 'hangs', 1)
    t.equal(finding.verdict, 'inconclusive', finding.because, { finding })
    t.match(finding.because, /after 2\d\.\d\d s, and the audit waits no longer$/)
  },
)

/** What each has to say of it; there is no other way to know a client that did nothing from one that is right. */
const CASES: readonly (readonly [rule: string, client: string, because: RegExp])[] = [
  ['recovers', 'says', /^No request reached the server when it was there$/],
  ['recovers', 'swallows', /had an answer while nobody listened$/],
  ['recovers', 'remembers', /^Its caller has an answer that no server was asked for$/],
  ['keeps-connections', 'eleven', /^Only 3 of 8 calls got their 502$/],
  ['idle-close-race', 'says', /^No request reached the server$/],
  ['idle-close-race', 'firstOnly', /^Only one request reached the server$/],
  ['idle-close-race', 'swallows', /^Its request was not sent again, and yet its caller has an answer$/],
  ['no-unhandled-rejections', 'says', /^No request reached the server$/],
  ['no-unhandled-rejections', 'astray', /^None of 9 calls met its trouble$/],
  ['bounded', 'once', /^Only 1 of 3 requests reached the server, and none was sent again$/],
]
for (const [id, client, because] of CASES) {
  t.test(`${id}: a client that ${client}`, beside(), async (t) => {
    // On a faster clock undici lets go of a connection before a busy machine makes the next call.
    const finding = await judged(id, client, 5)
    t.equal(finding.verdict, 'inconclusive', finding.because, { finding })
    t.match(finding.because, because)
  })
}

/** They first look for a trouble that the client tries again after. */
const ABOUT_RETRIES = ['abort-during-wait', 'amplification', 'backs-off', 'bounded', 'long-retry-after']
ABOUT_RETRIES.push('same-attempts-as-asked', 'spreads-retries')

for (const client of ['says', 'throws']) {
  const subject = await kept(client)
  for (const id of Object.keys(rules)) {
    t.test(`${id}: a client that ${client} and sends nothing`, beside(), async (t) => {
      const finding = (await judge(subject, id, rules[id]!, { signal: never, limitMs: 90_000 }))!
      t.not(finding.verdict, 'pass', finding.because, { finding })
      if (!ABOUT_RETRIES.includes(id)) return
      t.match(finding, { verdict: 'inconclusive', because: 'No request reached the server' }, { finding })
    })
  }
}

t.test('who meets the troubles and never tries again is told apart from who sends nothing', beside(), async (t) => {
  const finding = await judged('bounded', 'plain')
  t.match(finding, { verdict: 'not_applicable', because: /not after a 503, a 502 or a reset/ })
})

t.test('a connection for each call is counted before it is said', beside(), async (t) => {
  const finding = await judged('idle-close-race', 'anew')
  t.match(finding, { verdict: 'not_applicable', because: /6 for 6 requests$/ })
})

t.test('calls that met their trouble are counted', beside(), async (t) => {
  const finding = await judged('no-unhandled-rejections', 'plain')
  t.match(finding, { verdict: 'pass', because: 'Of 9 calls 9 met their trouble, and no error escaped' })
})
