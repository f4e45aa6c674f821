/** From how something ended to the scenarios that end so. */
import { test } from 'tap'
import { findScenarioFiles, readScenarios } from '../../src/scenario/files.js'
import { endingWords, findByEnding, isPhrase, mayBeEnding } from '../../src/scenario/lookup.js'
import { checkScenario } from '../../src/scenario/parse.js'

const scenario = (id: string, expect: object[]) => {
  const hops = { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } }
  return {
    scenario: checkScenario({ id, title: 't', hops, clients: { plain: { to: 'lb' } }, expect }, { runnable: true }),
  }
}

const loaded = [
  scenario('refused', [
    { client: 'plain', status: 502, count: 1 },
    { proxy: 'lb', error: 'connection_refused', word: 'upstream_refused', count: 1 },
    { log: 'lb', contains: 'connect() failed (111: Connection refused)' },
  ]),
  scenario('late', [
    { client: 'plain', status: 504, count: 1 },
    { client: 'plain', status: 502, count: 0 },
    { log: 'lb', contains: 'upstream timed out' },
  ]),
]

const found = (named: string) => findByEnding(named, loaded)?.scenarios.map(({ scenario }) => scenario.id)

test('by status, type, word, and line of a log', async (t) => {
  t.same(found('502'), ['refused'], 'what must not occur is no ending')
  t.same(found('504'), ['late'])
  t.same(found('connection_refused'), ['refused'])
  t.same(found('upstream_refused'), ['refused'])
  t.same(found('*1 connect() failed (111: Connection refused) while connecting to upstream, client: ::1'), ['refused'])
  t.same(found('upstream timed'), ['late'], 'a part of a line')
  t.same(found('upstream'), undefined, 'a single word is in too many lines')
  t.same(found('50'), undefined)
  t.same(found('constructor'), undefined, 'a word of every object')
})

test('the words that can be asked for', async (t) => {
  t.same(endingWords(loaded), ['502', '504', 'connection_refused', 'upstream_refused'])
  t.ok(isPhrase('a b'))
  t.notOk(isPhrase(' a '))
})

test('whatever the catalogue ends in may be an ending, and a file or an id with a hyphen is none', async (t) => {
  const folder = 'scenarios/causes'
  const catalogue = await readScenarios(await findScenarioFiles([folder], process.cwd(), folder))
  const words = endingWords(catalogue)
  t.ok(words.length > 20)
  t.same(
    words.filter((word) => !mayBeEnding(word)),
    [],
  )
  t.ok(mayBeEnding('upstream timed out'))
  for (const named of ['origin-refused', 'own.yaml', 'chaos/own']) t.notOk(mayBeEnding(named), named)
})
