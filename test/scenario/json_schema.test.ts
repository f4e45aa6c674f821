/** The published JSON Schema: that it is the one of this code, and that it judges files as the code does. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { test } from 'tap'
import { parse } from 'yaml'
import { checks } from '../../src/checks/index.js'
import { effects } from '../../src/core/fault/effects/index.js'
import { triggers } from '../../src/core/fault/triggers/index.js'
import { findScenarioFiles } from '../../src/scenario/files.js'
import { hopKinds } from '../../src/scenario/hops.js'
import { scenarioJsonSchema } from '../../src/scenario/json_schema.js'
import { scenarioSchema } from '../../src/scenario/schema.js'
import { GOOD, withLines } from './problems.js'

const published = JSON.parse(readFileSync('schema/scenario.schema.json', 'utf8')) as Record<string, unknown>
const accepts = new Ajv2020({ allErrors: true, strictTypes: false }).compile(published)

test('the published schema is that of the code', async (t) => {
  t.strictSame(published, scenarioJsonSchema(), 'stale: run "npm run build && node .ci/schema.mjs"')
})

test('it accepts the catalogue, as people write it', async (t) => {
  for (const file of await findScenarioFiles(['scenarios'], process.cwd(), 'scenarios')) {
    t.ok(accepts(parse(readFileSync(file, 'utf8'))), file)
  }
})

const refused: [what: string, changes: Record<number, string>][] = [
  ['an unknown key', { 9: '  plain: { to: lb, colour: red }' }],
  ['a missing key', { 2: '' }],
  ['a bare number for a duration', { 9: '  plain: { to: lb, timeout: 250 }' }],
  ['an unknown effect', { 11: '  - { id: rst, on: app1, at: request_head, effect: rset }' }],
  ['a bare word that needs more', { 11: '  - { id: rst, on: app2, at: handshake, effect: certificate }' }],
  ['an unknown kind of hop', { 4: '  app1: { kind: orign }' }],
  ['a name in capitals', { 4: '  App1: { kind: origin }' }],
  ['a load of two forms', { 9: '  plain: { to: lb, load: { requests: 5, rate: 5/s } }' }],
  ['an expectation of two kinds', { 13: '  - { origin: app1, requests: 0, connections: 0 }' }],
  ['a comparison that is none', { 13: '  - { fault: rst, fired: "=> 1" }' }],
]

test('it refuses what the code refuses', async (t) => {
  t.ok(accepts(parse(GOOD)), 'nothing changed')
  for (const [what, changes] of refused) t.notOk(accepts(parse(withLines(changes))), what)
})

test('it refuses nothing that the code accepts', async (t) => {
  const good = parse(GOOD) as Record<string, unknown>
  const sections = ['hops', 'clients', 'faults', 'expect', 'seed', 'tags', 'time_limit', 'title']
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('1s', '5%', 'lb', 'off', 'reset', { type: 'stall' }, ['x']))
  const changed = fc
    .tuple(fc.constantFrom(...sections), fc.nat(3), fc.nat(6), value)
    .map((change) => replaced(good, ...change))
  fc.assert(
    fc.property(changed, (input) => !scenarioSchema.safeParse(input).success || accepts(input)),
    { numRuns: 2000, seed: 1 },
  )
  t.pass()
})

/** The n-th key of the n-th entry of a section with another value. */
function replaced(good: Record<string, unknown>, section: string, entry: number, key: number, value: unknown): unknown {
  const copy = structuredClone(good)
  const entries = Object.values((copy[section] ?? {}) as object) as Record<string, unknown>[]
  const target = entries[entry]
  if (typeof target !== 'object') return { ...copy, [section]: value }
  target[Object.keys(target)[key] ?? 'timeout'] = value
  return copy
}

test('every kind is described', async (t) => {
  const text = JSON.stringify(published)
  for (const { summary } of [effects, triggers, hopKinds, checks].flatMap((table) =>
    Object.values<{ summary: string }>(table),
  )) {
    t.ok(text.includes(JSON.stringify(summary)), summary)
  }
})
