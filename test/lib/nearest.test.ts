/** The word that was meant: found after one slip, and none is made up. */
import fc from 'fast-check'
import { test } from 'tap'
import { errorTypeNames } from '../../src/core/error_types.js'
import { nearest, suggestion } from '../../src/lib/nearest.js'

const effects = ['refuse', 'reset', 'close', 'stall', 'certificate']

test('a word and what was meant', async (t) => {
  const table: [word: string, valid: string[], meant: string | undefined][] = [
    ['rset', effects, 'reset'],
    ['RESET', effects, 'reset'],
    ['rseet', effects, 'reset'],
    ['clsoe', effects, 'close'],
    ['refused', effects, 'refuse'],
    ['delay', effects, undefined],
    ['bl', ['app', 'lb'], 'lb'],
    ['a', ['b', 'c'], undefined],
    ['x', [], undefined],
    ['', effects, undefined],
    ['app3', ['app1', 'app2'], 'app1'],
    ['app2', ['App2', 'app1'], 'App2'],
  ]
  for (const [word, valid, meant] of table) t.equal(nearest(word, valid), meant, word)
})

test('one slip in a word is always seen through', async (t) => {
  const slip = fc
    .tuple(fc.constantFrom(...errorTypeNames), fc.nat(), fc.constantFrom('drop', 'double', 'swap', 'upper'))
    .map(([word, at, kind]) => ({ word, written: misspelt(word, at % (word.length - 1), kind) }))
  fc.assert(fc.property(slip, ({ word, written }) => nearest(written, errorTypeNames) === word))
  t.pass()
})

test('what is suggested is always valid', async (t) => {
  const words = fc.array(fc.string({ maxLength: 12 }), { maxLength: 6 })
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), words, (word, valid) => {
      const meant = nearest(word, valid)
      return meant === undefined ? !valid.some((one) => one !== '' && one === word) : valid.includes(meant)
    }),
  )
  t.pass()
})

test('what is said', async (t) => {
  t.equal(suggestion('rset', effects), 'did you mean "reset"?')
  t.equal(suggestion('delay', ['reset', 'stall']), 'expected one of: reset, stall')
  t.equal(suggestion('x', []), 'none is possible here')
})

function misspelt(word: string, at: number, kind: string): string {
  const [head, one, two, tail] = [word.slice(0, at), word[at]!, word[at + 1]!, word.slice(at + 2)]
  if (kind === 'drop') return head + two + tail
  if (kind === 'double') return head + one + one + two + tail
  return kind === 'swap' ? head + two + one + tail : head + one.toUpperCase() + two + tail
}
