/** The bench of a rule: what it asks, what it tells of what servers saw. */
import t from 'tap'
import { createBench } from '../../src/audit/bench.js'
import type { Send, Subject } from '../../src/clients/driver.js'
import { functionSubject } from '../../src/clients/function.js'

const plain: Send = (url, init) => fetch(url, init)

t.test('a request has a name, a path, a body and headers; servers tell them in the client’s time', async (t) => {
  const fast: Subject = { ...functionSubject(plain), timeScale: 50 }
  const bench = createBench(fast, 'a-rule', 3)
  t.teardown(() => bench.close())
  const lab = await bench.rig({ faults: [{ id: 'late', at: 'request_head', effect: { type: 'delay', by: '30ms' } }] })
  const first = await bench.ask(lab)
  t.match(await first.settled(10_000), { status: 200, body: 'ok\n' })
  const headers = { 'x-more': 'yes' }
  const body = { type: 'text', text: 'hello' } as const
  const second = await bench.ask(lab, { method: 'POST', path: '/pay?x=1', headers, body })
  await second.settled(10_000)
  t.same([first.id, second.id], ['a-rule-1', 'a-rule-2'])
  t.match(bench.attempts(lab, second), [{ requestId: second.id, method: 'POST', path: '/pay?x=1', body: 'hello' }])
  const both = bench.attempts(lab)
  const real = lab.attempts()
  t.same(
    both.map(({ at_ms, gap_ms }) => [at_ms, gap_ms]),
    real.map(({ at_ms, gap_ms }) => [at_ms * 50, gap_ms === null ? null : gap_ms * 50]),
  )
  t.ok(both[1]!.gap_ms! >= 30 * 50)
  t.match(bench.told(both), ['attempt 1: GET /, 200', /^attempt 2, \d+ ms later: POST \/pay\?x=1, 200$/])
  t.same(bench.story(1), ['attempt 1: GET /, 200'])
})

t.test('hops of the rule’s own', async (t) => {
  const bench = createBench(functionSubject(plain), 'hops', 1)
  t.teardown(() => bench.close())
  const lb = { kind: 'proxy' as const, to: ['app'] }
  const lab = await bench.rig({ hops: { app: { kind: 'origin' }, lb } })
  const asked = await bench.ask(lab)
  t.match(await asked.answer, { status: 200 })
  await lab.until(() => lab.attempts().length === 1)
  t.match(bench.attempts(lab, asked), [{ hop: 'lb' }])
})

t.test('a client that never stops asking floods it', async (t) => {
  const storm: Send = async (url, init) => {
    while (!init.signal?.aborted) await (await plain(url, init)).text()
    throw new Error('aborted')
  }
  const bench = createBench(functionSubject(storm), 'flood', 1, 200)
  t.teardown(() => bench.close())
  const lab = await bench.rig({ faults: [] })
  const asked = await bench.ask(lab)
  const attempts = await bench.flooded
  asked.abort()
  t.ok(attempts > 50, `${attempts} attempts`)
  t.match(await asked.answer, { error: {} })
})

t.test('what it opened is closed behind it, also what was still to come', async (t) => {
  let closed = 0
  const subject = functionSubject(plain)
  const late: Subject = {
    ...subject,
    async start() {
      await new Promise((resolve) => setTimeout(resolve, 50))
      const running = await subject.start()
      return { ...running, close: () => running.close().then(() => void closed++) }
    },
  }
  const bench = createBench(late, 'late', 1)
  const lab = await bench.rig({ faults: [] })
  const starting = bench.client()
  await bench.close()
  await starting
  t.ok(closed >= 1)
  await t.rejects(fetch(lab.url))
})
