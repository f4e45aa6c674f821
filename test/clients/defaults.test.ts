/** What every library really does with its defaults, in front of a real server, beside what its source was read to do. */
import { setTimeout } from 'node:timers/promises'
import t, { type Test, test } from 'tap'
import { libraries } from '../../src/clients/index.js'
import { librarySubject } from '../../src/clients/library.js'
import { type Rig, type RigInput, rig } from '../../src/rig.js'
import {
  type Defaults,
  methods,
  type Published,
  published,
  statuses,
  timeScaleFor,
  type Wait,
} from './published_defaults.js'

t.setTimeout(120_000)
t.jobs = 5

/** So many attempts are as good as no end. */
const ENDLESS = 50

interface Measured extends Omit<Defaults, 'waits'> {
  /** Every delay that was asked for while all attempts failed. */
  delays: number[]
  /** What the server saw between those, in the client's milliseconds. */
  gaps: number[]
}

test('every library has its published defaults, and no other', async (t) => {
  t.strictSame(Object.keys(published).toSorted(), Object.keys(libraries).toSorted())
})

for (const [name, facts] of Object.entries(published)) {
  test(name, { buffered: true }, async (t) => {
    const wanted = expected(t, facts)
    const timeScale = timeScaleFor(wanted)
    // A timer is a millisecond of real time off at most.
    const earlyOf = (gaps: readonly number[]) => gaps.filter((ms, n) => ms < (wanted.waits[n]?.[0] ?? 0) - timeScale)
    let measured = await measure(t, name, timeScale, facts.unasked)
    // What a loaded machine did is not there again; who does not wait is early each time.
    for (let left = 2; left > 0 && measured.attempts !== 'endless' && earlyOf(measured.gaps).length > 0; left--) {
      t.comment(`early, so measured again: ${JSON.stringify(measured)}`)
      measured = await measure(t, name, timeScale, facts.unasked)
    }
    const { attempts, delays, gaps, ...sweeps } = measured
    t.equal(attempts, wanted.attempts, 'attempts')
    t.strictSame(sweeps, {
      statuses: wanted.statuses,
      withRetryAfter: wanted.withRetryAfter,
      methods: wanted.methods,
      reset: wanted.reset,
    })
    if (attempts === 'endless') return
    t.ok(areThese(delays, wanted.waits, facts.also), 'waits', { asked: delays, waits: wanted.waits, also: facts.also })
    t.equal(gaps.length, wanted.waits.length)
    t.strictSame(earlyOf(gaps), [], 'no attempt arrived before its wait was over', { gaps })
  })
}

/** What is to be measured here. An explanation of a difference that there is not would be a lie. */
function expected(t: Test, { differs = {}, ...facts }: Published): Defaults {
  for (const [fact, { measured, because }] of Object.entries(differs)) {
    t.comment(`${fact}: ${because}`)
    t.notSame(measured, facts[fact as keyof Defaults])
  }
  const measured = Object.fromEntries(Object.entries(differs).map(([fact, { measured }]) => [fact, measured]))
  return { ...facts, ...measured }
}

/** Whether these delays are the waits, in their order, and between them none but the others. */
function areThese(delays: readonly number[], waits: readonly Wait[], others: readonly number[]): boolean {
  const [ms, ...later] = delays
  const [wait, ...further] = waits
  // Who does not wait needs no timer for it.
  if (wait?.[1] === 0 && areThese(delays, further, others)) return true
  if (ms === undefined) return wait === undefined
  if (wait && ms >= wait[0] && ms <= wait[1] && areThese(later, further, others)) return true
  return others.includes(ms) && areThese(later, waits, others)
}

async function measure(t: Test, name: string, timeScale: number, unasked: readonly string[] = []): Promise<Measured> {
  const running = await librarySubject(name, libraries[name]!, { timeScale }).start()
  t.teardown(() => running.close())
  const app = await openApp()
  t.teardown(() => app.close())
  const call = (path: string, method = 'GET') => {
    const body = ['PUT', 'POST', 'PATCH'].includes(method) ? { body: { type: 'text', text: 'order' } as const } : {}
    return running.call({ url: app.url + path, method, headers: {}, ...body })
  }
  const seen = (path: string) => app.attempts({ path })
  t.match(await call('/').answer, { status: 200 }, 'it works where nothing is wrong')

  const before = running.delays()!.length
  const one = call('/always')
  const end = await Promise.race([one.answer, app.until(() => seen('/always').length > ENDLESS).catch(() => {})])
  one.abort()
  await aftermath()
  const always = seen('/always')
  const delays = running
    .delays()!
    .slice(before)
    .map(({ ms }) => ms)

  /** Those that were asked for again. */
  const again = async <One>(
    all: readonly One[],
    ask: (one: One) => [path: string, method?: string],
  ): Promise<One[]> => {
    await Promise.all(all.map((one) => call(...ask(one)).answer))
    await aftermath()
    return all.filter((one) => seen(ask(one)[0]).length > 1)
  }
  const retried = await again(statuses, (status) => [`/status/${status}`])
  const sent = methods.filter((method) => !unasked.includes(method))
  const hinted = await again(statuses, (status) => [`/after/${status}`])
  // Side by side: a method that a library can't send is tried to the end of its patience.
  const [byMethod, byReset] = await Promise.all([
    again(sent, (method) => [`/method/${method}`, method]),
    again(sent, (method) => [`/reset/${method}`, method]),
  ])
  return {
    attempts: end ? always.length : 'endless',
    delays,
    gaps: always.slice(1).map(({ gap_ms }) => gap_ms! * timeScale),
    statuses: retried,
    withRetryAfter: hinted.filter((status) => !retried.includes(status)),
    methods: byMethod,
    reset: byReset,
  }
}

/** A caller is done a moment before the server has written down how that ended. */
function aftermath(): Promise<void> {
  return setTimeout(50)
}

/** Always 502 at one path; at each of the others once what its name says, and then 200. */
function openApp(): Promise<Rig> {
  const respond = (status: number, headers = {}) => ({ type: 'respond', status, headers })
  const fault = (path: string, effect: object, more = {}) => ({
    ...{ id: path.slice(1).replace('/', '-').toLowerCase(), on: 'app', at: 'request_head', effect, match: { path } },
    ...more,
  })
  const once = { first: 1 }
  const faults = [
    fault('/always', respond(502)),
    ...statuses.map((status) => fault(`/status/${status}`, respond(status), once)),
    ...statuses.map((status) => fault(`/after/${status}`, respond(status, { 'Retry-After': '1' }), once)),
    ...methods.map((method) => fault(`/method/${method}`, respond(502), once)),
    ...methods.map((method) => fault(`/reset/${method}`, { type: 'reset' }, once)),
  ]
  return rig({ hops: { app: { kind: 'origin' } }, faults: faults as NonNullable<RigInput['faults']> })
}
