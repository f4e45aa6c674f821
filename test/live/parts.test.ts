/** What hops build on is loaded before the first of them starts, and nothing that none of them needs. */
import { createRequire } from 'node:module'
import t from 'tap'
import { loadParts } from '../../src/live/start.js'
import { checkScenario } from '../../src/scenario/parse.js'

const { cache } = createRequire(import.meta.url)
const libraries = ['@peculiar/x509', 'dns-packet', 'fastify']
const loaded = () =>
  libraries.filter((name) => Object.keys(cache).some((file) => file.includes(`/node_modules/${name}/`)))

const hops = (hops: object) => checkScenario({ id: 'parts', title: 'parts', hops }, { runnable: false })

t.test('each part with the first who needs it', async (t) => {
  const plain = hops({ app: { kind: 'origin' } })
  await loadParts([plain])
  t.strictSame(loaded(), [], 'a plain origin needs none')
  await loadParts([plain, hops({ app: { kind: 'origin', tls: true } })])
  t.strictSame(loaded(), ['@peculiar/x509'])
  const proxy = { kind: 'proxy', to: ['app'] }
  await loadParts([hops({ app: { kind: 'origin' }, proxy })])
  t.strictSame(loaded(), ['@peculiar/x509', 'fastify'])
  await loadParts([hops({ app: { kind: 'origin' }, proxy: { ...proxy, resolver: {} } })])
  t.strictSame(loaded(), libraries)
})
