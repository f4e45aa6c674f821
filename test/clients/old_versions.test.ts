/** What has been mended in a library is seen in front of a real server: wrong in the old version, right in the new one. */
import t, { type Test, test } from 'tap'
import type { Subject } from '../../src/clients/driver.js'
import { libraries } from '../../src/clients/index.js'
import { librarySubject } from '../../src/clients/library.js'
import { type RigInput, rig } from '../../src/rig.js'
import { oldSubject, oldVersions } from './old_versions.js'

t.setTimeout(60_000)

const timeScale = 10

/** How often each tried, how long after the first attempt the second came, and the longest wait that was asked for. */
async function both(t: Test, alias: string, effect: (client: { now(): number }) => object) {
  const old = oldVersions.find((one) => one.alias === alias)!
  const subjects = [oldSubject(old, { timeScale }), librarySubject(old.library, libraries[old.library]!, { timeScale })]
  t.equal(subjects[0]!.versions[old.package], old.version, 'the old one is the old one')
  t.not(subjects[1]!.versions[old.package], old.version, 'the new one is another')
  const [before, now] = await Promise.all(subjects.map((subject) => seen(t, subject, effect)))
  return { before: before!, now: now! }
}

async function seen(t: Test, subject: Subject, effect: (client: { now(): number }) => object) {
  const running = await subject.start()
  t.teardown(() => running.close())
  const fault = { id: 'once', on: 'app', at: 'request_head', effect: effect(running), first: 1 }
  const app = await rig({ hops: { app: { kind: 'origin' } }, faults: [fault] as NonNullable<RigInput['faults']> })
  t.teardown(() => app.close())
  const answer = await running.call({ url: app.url, method: 'GET', headers: {} }).answer
  const asked = running.delays()!.map(({ ms }) => ms)
  t.equal(app.fault('once').fired, 1, 'the fault fired')
  const attempts = app.attempts()
  const wait = (attempts[1]?.gap_ms ?? 0) * timeScale
  return { attempts: attempts.length, wait, asked: Math.max(0, ...asked), status: answer.status }
}

test('p-retry 4 does not know an error of the network when fetch throws it', async (t) => {
  const { before, now } = await both(t, 'p-retry-old', () => ({ type: 'reset' }))
  t.match(before, { attempts: 1, status: undefined })
  t.match(now, { attempts: 2, status: 200 })
})

const unavailable = (retryAfter: string) => ({ type: 'respond', status: 503, headers: { 'Retry-After': retryAfter } })

test('axios-retry 4.1 does not read Retry-After', async (t) => {
  const { before, now } = await both(t, 'axios-retry-old', () => unavailable('30'))
  t.match([before, now], [{ attempts: 2 }, { attempts: 2 }])
  t.ok(before.asked < 30_000, `it asked for ${before.asked} ms`)
  t.ok(now.wait >= 30_000, `it waited ${now.wait} ms`)
})

test('undici 7.0 reads no date in Retry-After', async (t) => {
  const inAMinute = (client: { now(): number }) => unavailable(new Date(client.now() + 60_000).toUTCString())
  const { before, now } = await both(t, 'undici-old', inAMinute)
  t.match([before, now], [{ attempts: 2 }, { attempts: 2 }])
  t.ok(before.asked < 29_000, `it asked for ${before.asked} ms`)
  // Its longest wait is 30 s, so more than that is cut.
  t.ok(now.wait >= 30_000 - timeScale, `it waited ${now.wait} ms`)
})
