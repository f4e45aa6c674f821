/** curl, wget and Python's requests in front of a real rig: what facts.ts says of each, measured. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { forMarkedPaths, withoutMarks } from '../../src/audit/marked_rig.js'
import { commandSubject } from '../../src/clients/command.js'
import type { Answer, RunningCall } from '../../src/clients/driver.js'
import type { SeenAttempt } from '../../src/journal/seen.js'
import { type RigInput, rig } from '../../src/rig.js'
import { lacks, until } from '../cli/command.js'
import { answer, CURL_READS_PAST_DATES, curl, type Fact, FINE, LOG, refusals, requests, wget } from './facts.js'

const runs = (program: string, ...args: string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The Debian package's Python first, as in .ci/run: there may be another that knows no requests. */
const python = ['/usr/bin/python3', 'python3'].find((program) => runs(program, '-c', 'import requests'))
const script = resolve('test/clients/fixtures/requests_retry.py')

/** The words before the arguments; undefined where this machine lacks it. */
const programs: Record<string, { words: string[] | undefined; remedy: string; facts: Fact[] }> = {
  curl: {
    words: runs('curl', '--version') ? ['curl', '-q'] : undefined,
    remedy: 'curl is not installed: apt-get install curl',
    facts: curl,
  },
  wget: {
    words: runs('wget', '--version') ? ['wget', '--no-config'] : undefined,
    remedy: 'wget is not installed: apt-get install wget',
    facts: wget,
  },
  requests: {
    words: python === undefined ? undefined : [python, script],
    remedy: 'requests is not installed: apt-get install python3-requests',
    facts: requests,
  },
}

/** One origin for all facts of a program, each with a path and a fault of its own: so they wait side by side. */
const rigFor = (facts: readonly Fact[]): RigInput =>
  ({
    hops: { app: { kind: 'origin', response: { body: FINE } } },
    faults: facts.map(({ fault }, n) => ({
      id: `f${n}`,
      on: 'app',
      at: 'request_head',
      effect: fault.effect,
      ...(fault.times && { first: fault.times }),
      match: { path: `/f${n}` },
    })),
  }) as RigInput

async function ask(t: Test, words: string[], url: string, method: string, id: string): Promise<RunningCall> {
  const running = await (await commandSubject(words)).start()
  t.teardown(() => running.close())
  return running.call({ url, method, headers: { 'X-Request-Id': id } })
}

/** What holds for the version that is here. */
function atVersion(fact: Fact, said: string): Fact {
  return fact.since && !isSince(fact.since, said) ? { ...fact, attempts: 1, gapsMs: [] } : fact
}

function isSince([major, minor]: readonly [number, number], said: string): boolean {
  const [, ...own] = /(\d+)\.(\d+)/.exec(said)?.map(Number) ?? []
  return own[0]! > major || (own[0] === major && own[1]! >= minor)
}

function judge(t: Test, fact: Fact, got: Answer, seen: readonly SeenAttempt[]): void {
  const gaps = seen.slice(1).map(({ gap_ms }) => gap_ms!)
  t.comment(`${seen.length} attempts, gaps ${gaps.map((ms) => ms.toFixed(0)).join(' ')} ms, ${fact.source}`)
  t.equal(seen.length, fact.attempts, 'attempts') || t.comment(JSON.stringify(got))
  for (const { method } of seen) t.equal(method, fact.method ?? 'GET')
  for (const [n, least] of (fact.gapsMs ?? []).entries()) t.ok(gaps[n]! >= least - EARLY_MS, `gap ${n + 1} >= ${least}`)
  t.equal(got.error?.code ?? '0', String(fact.code), 'exit code') || t.comment(got.error?.message ?? '')
  if (fact.prints !== undefined) t.equal(got.body, fact.prints, 'all that it printed')
  if (fact.saying) t.match(got.error?.message, fact.saying)
}

/** A wait begins when the response was read, and a server's times when the request was: they round differently. */
const EARLY_MS = 5

// They mostly wait. More at once would keep this machine from the connections that have a second to be made.
t.jobs = 3
t.setTimeout(240_000)

for (const [name, { words, remedy, facts }] of Object.entries(programs)) {
  t.test(name, { buffered: true, timeout: 120_000, jobs: 6 }, async (t) => {
    if (!words) return lacks(t, remedy)
    const lab = withoutMarks(await rig(forMarkedPaths(rigFor(facts))))
    t.teardown(() => lab.close())
    const { versions } = await commandSubject(words)
    const said = Object.values(versions)[0]!
    t.comment(said)
    const all = facts.map((written, n) => {
      const fact = atVersion(written, said)
      return t.test(fact.says, async (t) => {
        const id = `call-${n}`
        const asked = await ask(t, [...words, ...fact.args], `${lab.url}/f${n}`, fact.method ?? 'GET', id)
        const got = await asked.answer
        t.ok(lab.fault(`f${n}`).fired, 'the fault fired')
        judge(t, fact, got, lab.attempts({ requestId: id }))
      })
    })
    await Promise.all(all)
  })
}

/** Refuses until it is told to listen. */
const refusing: RigInput = {
  hops: { app: { kind: 'origin', response: { body: FINE } } },
  faults: [{ id: 'gone', on: 'app', at: 'connect', effect: 'refuse' }],
}

for (const [name, { gives, retries, says }] of Object.entries(refusals)) {
  t.test(`${name} and a connection that is refused`, { buffered: true, timeout: 60_000 }, async (t) => {
    const { words, remedy } = programs[name]!
    if (!words) return lacks(t, remedy)
    const lab = await rig(refusing)
    t.teardown(() => lab.close())

    const refused = await ask(t, [...words, ...gives.args], lab.url, 'GET', 'gives-up')
    t.match((await refused.answer).error, { name: 'ExitError', code: String(gives.code) }, gives.args.join(' '))

    for (const [n, args] of retries.entries()) {
      await lab.reset()
      const log = join(t.testdir(), `log-${n}`)
      const own = args.map((arg) => arg.replace(LOG, log))
      const asked = await ask(t, [...words, ...own], lab.url, 'GET', 'goes-on')
      // Somebody listens as soon as the program says that nobody did.
      await until(() => existsSync(log) && says.test(readFileSync(log, 'utf8')))
      t.same(lab.attempts(), [])
      await lab.fault('gone').disarm()
      t.match(await asked.answer, { body: FINE, error: undefined }, args.join(' '))
      t.equal(lab.attempts().length, 1, 'the server was asked once')
    }
  })
}

t.test('curl and a Retry-After whose date is past', { buffered: true, timeout: 60_000 }, async (t) => {
  const { words, remedy } = programs.curl!
  if (!words) return lacks(t, remedy)
  const past = new Date(Date.now() - 3_600_000).toUTCString()
  const lab = await rig({
    hops: { app: { kind: 'origin', response: { body: FINE } } },
    faults: [{ id: 'busy', on: 'app', at: 'request_head', effect: answer(503, { 'Retry-After': past }), first: 1 }],
  } as RigInput)
  t.teardown(() => lab.close())
  const args = ['-sSf', '--retry', '1', '{url}']
  const asked = await ask(t, [...words, ...args], lab.url, 'GET', 'past')
  const { versions } = await commandSubject(words)
  if (isSince(CURL_READS_PAST_DATES, Object.values(versions)[0]!)) {
    t.equal((await asked.answer).body, FINE)
    return t.equal(lab.attempts().length, 2)
  }
  // It counts the seconds until then as they are, below zero, and waits without end.
  await lab.until(() => lab.attempts().length === 1)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  t.equal(lab.attempts().length, 1, 'three times its first wait is over, and it has not come back')
  asked.abort()
  t.match((await asked.answer).error, { name: 'AbortError', message: 'curl ended on SIGTERM' })
})
