/** A breaker whose time is over while the calls that are to meet it are being asked. */
import t, { type Test } from 'tap'
import { judge } from '../../src/audit/audit.js'
import { half_open_probe } from '../../src/audit/rules/half-open-probe.js'
import { moduleSubject } from '../../src/clients/module.js'

/** Calls before the rule asks ten at a time. */
const BEFORE = 31

/** @param lets which of its calls it lets through, from 1 and counted from the first of ten; before that, five */
const judged = (t: Test, lets: (call: number) => boolean) => {
  const text = `
    const lets = ${lets}
    let calls = 0
    export async function send(url, { method, headers, signal }) {
      const call = ++calls
      if (call > 5 && !lets(call - ${BEFORE})) throw new Error('the breaker is open')
      return fetch(url, { method, headers, signal })
    }`
  const subject = moduleSubject('./client.mjs', { folder: t.testdir({ 'client.mjs': text }), timeScale: 50 })
  return judge(subject, 'half-open-probe', half_open_probe, { signal: new AbortController().signal, limitMs: 90_000 })
}

t.test('the last two of ten reached the server, and of the next ten all did: fail', async (t) => {
  t.match(await judged(t, (call) => call === 19 || call === 20 || call > 30), {
    verdict: 'fail',
    because: 'Its breaker let 10 of 10 calls find out at once',
  })
})

t.test('the last of ten reached the server, and of the next ten the first alone did: pass', async (t) => {
  t.match(await judged(t, (call) => call === 20 || call === 31), {
    verdict: 'pass',
    because: 'Its breaker let 1 call of 10 find out',
  })
})
