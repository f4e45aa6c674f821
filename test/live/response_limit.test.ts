/** The proxy's limit for a whole response: what trickles is cut off, what is done is left alone. */
import t from 'tap'
import { dialed, forwardsIn, good, lone, portOf, until, withRig } from './peers.js'

const TEXT = 'a'.repeat(100)

t.test('the limit of the whole response ends a trickle, in the head with 504 and in the body with a cut', async (t) => {
  const effect = { type: 'throttle', chunk: '1B', every: '10ms' }
  for (const [at, stage] of [
    ['response_head', 'response_head'],
    ['response_body', 'response_body'],
  ]) {
    const faults = [{ id: 'slow', on: 'app', at, effect }]
    const limits = { timeouts: { read: '10s', response: '100ms' } }
    await withRig(lone({ response: { body: TEXT } }, limits, faults), async (lab) => {
      const started = performance.now()
      const received = await good(portOf(lab, 'lb'))
      t.ok(performance.now() - started >= 99)
      t.match(received, stage === 'response_head' ? /^HTTP\/1\.1 504 / : /^HTTP\/1\.1 200 .*\r\n\r\na{1,99}$/s)
      await until(() => forwardsIn(lab.journal).length === 1)
      t.match(forwardsIn(lab.journal)[0]!.failure, { type: 'http_response_timeout', stage, manner: 'timeout' })
    })
  }
})

t.test(
  'the limit of the whole response holds for a client that does not read, and for nobody who is done',
  async (t) => {
    const limits = { timeouts: { response: '150ms' } }
    await withRig(lone({ response: { size: '64MB' } }, limits), async (lab) => {
      const peer = await dialed(portOf(lab, 'lb'))
      peer.socket.pause()
      peer.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => forwardsIn(lab.journal).length === 1)
      t.match(forwardsIn(lab.journal)[0], { cut: true, failure: { type: 'http_response_timeout' } })
      peer.socket.destroy()
    })
    await withRig(lone({}, limits), async (lab) => {
      const peer = await dialed(portOf(lab, 'lb'))
      for (const n of [1, 2]) {
        peer.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await peer.until('ok\n', n)
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
      t.same(
        forwardsIn(lab.journal).map(({ failure, tries }) => [failure, tries[0]!.reused]),
        [
          [undefined, false],
          [undefined, true],
        ],
        'an idle connection is late for nothing',
      )
      peer.socket.destroy()
    })
  },
)
