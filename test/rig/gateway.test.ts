/** A gateway under rig(): what undici's ProxyAgent gets through it, with the URL and the CA that the rig tells. */
import t from 'tap'
import { fetch, ProxyAgent } from 'undici'
import { rig, ScenarioError } from '../../src/index.js'

const lab = await rig({
  hops: {
    shop: { kind: 'origin', tls: true, response: { body: 'hello' } },
    plain: { kind: 'origin' },
    gw: { kind: 'gateway', to: ['shop', 'plain'], users: [{ name: 'al ice', password: 'se:cr/et' }] },
    open: { kind: 'gateway', to: ['plain'] },
  },
})
t.teardown(() => lab.close())

/** What it gets, and nothing of it left behind. */
async function get(url: string, proxy: string): Promise<{ status: number; body: string }> {
  const dispatcher = new ProxyAgent({ uri: proxy, requestTls: { ca: lab.ca } })
  try {
    const response = await fetch(url, { dispatcher })
    return { status: response.status, body: await response.text() }
  } finally {
    await dispatcher.close()
  }
}

t.test('https by name, in a tunnel, with the credentials of the URL', async (t) => {
  t.match(lab.proxyUrl, /^http:\/\/al%20ice:se%3Acr%2Fet@127\.0\.0\.1:\d+$/)
  t.same(await get('https://shop.test/', lab.proxyUrl!), { status: 200, body: 'hello' })
  await lab.until(() => lab.attemptsAt('shop').length === 1)
  t.match(lab.attemptsAt('shop'), [{ status: 200, path: '/' }])
})

t.test('http by name, and a session', async (t) => {
  t.equal((await get('http://plain.test/', lab.proxyUrlOf('gw', 'abc'))).status, 200)
  t.match(lab.proxyUrlOf('gw', 'abc'), '//al%20ice-session-abc:')
})

t.test('a gateway that anybody may use', async (t) => {
  t.match(lab.proxyUrlOf('open'), /^http:\/\/127\.0\.0\.1:\d+$/)
  t.equal((await get('http://plain.test/', lab.proxyUrlOf('open'))).status, 200)
})

t.test('wrong credentials, and a site that is none of the rig', async (t) => {
  const wrong = lab.proxyUrl!.replace('se%3Acr', 'wrong')
  await t.rejects(get('https://shop.test/', wrong), { cause: { cause: { message: /407/ } } })
  await t.rejects(get('https://example.com/', lab.proxyUrl!), { cause: { cause: { message: /502/ } } })
})

t.test('a gateway that the rig does not have', async (t) => {
  t.throws(() => lab.proxyUrlOf('shop'), ScenarioError)
  const without = await rig({ hops: { app: { kind: 'origin' } } })
  t.teardown(() => without.close())
  t.equal(without.proxyUrl, undefined)
})
