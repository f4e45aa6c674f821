/** What is wrong with the text of a file before it is a scenario, and that any text gets an answer with a place. */
import fc from 'fast-check'
import { test } from 'tap'
import { ScenarioError } from '../../src/lib/errors.js'
import { requestSchema } from '../../src/scenario/clients.js'
import { parseScenario } from '../../src/scenario/parse.js'
import { GOOD, oneOf, problemsOf, withLines } from './problems.js'

const keys = oneOf(Object.keys(requestSchema.shape))

const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...chained('a', 'b'), ...chained('b', 'c'), ...chained('c', 'd')]

function chained(from: string, to: string): string[] {
  return [`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`]
}

const texts: [what: string, text: string, problems: string[]][] = [
  ['nothing', '', ['1:1: the file is empty: expected a scenario']],
  ['a comment', '# nothing\n', ['1:1: the file is empty: expected a scenario']],
  ['a word', 'hello\n', ['1:1: expected a mapping; got "hello"']],
  ['a list', '- id: x\n', ['1:1: expected a mapping; got a list']],
  [
    'an unclosed bracket',
    withLines({ 4: '  app1: { kind: origin' }),
    ['5:3: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }'],
  ],
  ['a tab', withLines({ 4: '\tapp1: { kind: origin }' }), ['4:1: a tab in the indentation: expected spaces']],
  [
    'a key twice',
    withLines({ 13: '  - { fault: rst, fault: rst, fired: ">= 1" }' }),
    ['13:19: the key fault is there twice'],
  ],
  [
    'a key twice, and another problem',
    withLines({ 2: 'id: Good\ntitle: A reset' }),
    [
      '2:1: the key id is there twice',
      '2:5: id: expected lower-case letters, digits, - and _, a letter first; got "Good"',
    ],
  ],
  ['two documents', `${GOOD}---\n${GOOD}`, ['14:1: a second document begins here: expected one scenario in a file']],
  ['a tag', withLines({ 2: 'title: !secret x' }), ['2:8: unknown tag !secret: expected a plain value']],
  ['an alias bomb', bomb.join('\n'), ['2:8: too many aliases: expected at most 100 repeated values']],
  [
    'an alias without anchor',
    withLines({ 9: '  plain: *nobody' }),
    ['9:10: the alias *nobody has no anchor before it'],
  ],
  [
    'a mapping inside of itself',
    withLines({ 9: '  plain: &p { to: lb, request: *p }' }),
    [
      `9:15: clients.plain.request.to: unknown key "to", ${keys}`,
      `9:23: clients.plain.request.request: unknown key "request", ${keys}`,
    ],
  ],
  ['brackets without end', '['.repeat(100_000), ['1:101: more than 100 levels, one inside the other']],
  ['dashes without end', '- '.repeat(100_000), ['1:200: more than 100 levels, one inside the other']],
  [
    'the key __proto__',
    withLines({ 4: '  app1: { kind: origin }\n  __proto__: { kind: origin }' }),
    ['5:3: the key __proto__ is not possible'],
  ],
]

for (const [what, text, problems] of texts) {
  test(what, async (t) => t.strictSame(problemsOf(text), problems))
}

test('an alias is a value like any other, and its problems are told where it is written', async (t) => {
  const text = withLines({ 8: 'clients:\n  other: &same { to: lb }', 9: '  plain: *same' })
  t.strictSame(problemsOf(text), [])
  t.strictSame(problemsOf(text.replace('to: lb }', 'to: bl }')), [
    '9:22: clients.other.to: unknown hop "bl", did you mean "lb"?',
    '9:22: clients.plain.to: unknown hop "bl", did you mean "lb"?',
  ])
})

test('JSON is read, too, with tabs and with places', async (t) => {
  const scenario = {
    id: 'good',
    title: 'A reset',
    hops: { app: { kind: 'origin' } },
    clients: { plain: { to: 'app' } },
    faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset' }],
    expect: [{ fault: 'rst', fired: '>= 1' }],
  }
  const json = JSON.stringify(scenario, null, '\t')
  t.strictSame(problemsOf(json), [])
  t.strictSame(problemsOf(json.replace('"reset"', '"rset"')), [
    '19:14: faults[0].effect: unknown effect "rset", did you mean "reset"?',
  ])
})

test('lines end as on any system', async (t) => {
  t.strictSame(problemsOf(GOOD.replaceAll('\n', '\r\n')), [])
  t.strictSame(problemsOf(withLines({ 9: '  plain: { to: bl }' }).replaceAll('\n', '\r\n')), [
    '9:16: clients.plain.to: unknown hop "bl", did you mean "lb"?',
  ])
})

test('whatever the text, it is a scenario or has problems with places', async (t) => {
  const cut = fc.tuple(
    fc.nat(GOOD.length),
    fc.nat(20),
    fc.constantFrom(': ', '{', '}', '[', '- ', '\n', '*a', '&a ', '"', '#', '!', '%', '1', '~'),
  )
  const damaged = fc
    .array(cut, { minLength: 1, maxLength: 4 })
    .map((cuts) =>
      cuts.reduce((text, [at, length, instead]) => text.slice(0, at) + instead + text.slice(at + length), GOOD),
    )
  fc.assert(
    fc.property(fc.oneof(damaged, fc.string({ unit: 'binary', maxLength: 60 })), (text) => {
      try {
        return parseScenario(text, 'x.yaml').id.length > 0
      } catch (error) {
        if (!(error instanceof ScenarioError)) throw error
        const lines = text.split(/\r\n|\n|\r/).length
        return (
          error.problems.length > 0 &&
          error.problems.every(({ line, column }) => line! >= 1 && line! <= lines + 1 && column! >= 1)
        )
      }
    }),
    { numRuns: 2000, seed: 1 },
  )
  t.pass()
})
