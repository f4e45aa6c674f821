/** How a scenario says that it ends, read from its expectations. */
import { test } from 'tap'
import { checkScenario } from '../../src/scenario/parse.js'
import { signatureOf } from '../../src/scenario/signature.js'

const hops = { app: { kind: 'origin', tls: true }, lb: { kind: 'proxy', to: ['app'] } }
const clients = { plain: { to: 'lb' } }
const of = (faults: object[], expect: object[]) =>
  signatureOf(checkScenario({ id: 's', title: 't', hops, clients, faults, expect }, { runnable: true }))

test('what is demanded, once each, in the order of the file', async (t) => {
  const signature = of(
    [
      { id: 'a', on: 'app', at: 'handshake', effect: { type: 'certificate', kind: 'expired' } },
      { id: 'b', on: 'app', at: 'request_head', effect: 'reset' },
      { id: 'c', on: 'app', at: 'request_head', effect: 'reset', after: 3 },
    ],
    [
      { fault: 'b', fired: '>= 1' },
      { client: 'plain', status: 502, count: '>= 1' },
      { proxy: 'lb', status: 502, count: 3 },
      { proxy: 'lb', error: 'connection_terminated', stage: 'response_head', word: 'upstream_reset', count: '> 0' },
      { client: 'plain', error: 'connection_terminated', count: 1 },
      { log: 'lb', contains: 'reset by peer' },
    ],
  )
  t.same(signature, {
    faults: ['handshake → certificate (expired)', 'request_head → reset'],
    statuses: [502],
    types: ['connection_terminated'],
    stages: ['response_head'],
    words: ['upstream_reset'],
    logs: ['reset by peer'],
    cut: false,
  })
})

test('what must not occur, or need not, is no part of it', async (t) => {
  const signature = of(
    [],
    [
      { client: 'plain', status: 502, count: 0 },
      { client: 'plain', status: 504, count: '<= 3' },
      { client: 'plain', truncated: 0 },
      { proxy: 'lb', error: 'dns_error', count: '< 1' },
      { log: 'lb', contains: 'x', count: '= 0' },
      { client: 'plain', status: 200, count: 1 },
    ],
  )
  t.same(signature, { faults: [], statuses: [200], types: [], stages: [], words: [], logs: [], cut: false })
})

test('a cut, told by the proxy or by the client', async (t) => {
  t.equal(of([], [{ proxy: 'lb', cut: '>= 1' }]).cut, true)
  t.equal(of([], [{ client: 'plain', truncated: 2 }]).cut, true)
})
