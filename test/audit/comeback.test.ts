/** Whoever is told to come back later, on a machine that takes longer for everything than it was told to stay away. */
import t, { type Test } from 'tap'
import { judge } from '../../src/audit/audit.js'
import { honours_retry_after } from '../../src/audit/rules/honours-retry-after.js'
import { moduleSubject } from '../../src/clients/module.js'

/**
 * It waits as `wait` says, and takes four of its seconds for a second attempt besides, in its first calls.
 * @param slow calls that it is so slow in
 */
const judged = (t: Test, { wait, slow }: { wait: string; slow: number }) => {
  const text = `
    let calls = 0
    export async function send(url, { method, headers, signal }) {
      const slow = calls++ < ${slow}
      for (;;) {
        const response = await fetch(url, { method, headers, signal })
        if (response.ok) return response
        await response.text()
        for (const over = Date.now() + 4000; slow && Date.now() < over; );
        ${wait}
      }
    }`
  const subject = moduleSubject('./client.mjs', { folder: t.testdir({ 'client.mjs': text }), timeScale: 50 })
  return judge(subject, 'honours-retry-after', honours_retry_after, {
    signal: new AbortController().signal,
    limitMs: 90_000,
  })
}

t.jobs = 4

const WAIT = 'await new Promise((done) => setTimeout(done, 3000))'
const SHORT = 'await new Promise((done) => setTimeout(done, 100))'

t.test('who waits: pass', async (t) => t.match(await judged(t, { wait: WAIT, slow: 0 }), { verdict: 'pass' }))

for (const [what, wait] of Object.entries({ nothing: '', 'a short wait': SHORT })) {
  t.test(`who asks its clock for ${what} is asked again until the machine is fast enough once`, async (t) => {
    // Two of them with good answers, and five as of whom nothing is doubted.
    t.match(await judged(t, { wait, slow: 12 }), { verdict: 'fail' })
  })
}

t.test('who asks its clock for no wait, on a machine that is never fast enough: nobody can tell', async (t) => {
  t.match(await judged(t, { wait: '', slow: 100 }), {
    verdict: 'inconclusive',
    because: /^Told to come back in 3 s it asked its clock for no wait, .* this machine is too busy to tell$/,
  })
})
