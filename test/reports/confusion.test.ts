/** Confusion matrices: what is counted, and how shares of nothing are told. */
import { test } from 'tap'
import { confusionOf, confusionTable } from '../../src/reports/confusion.js'

const words = ['up', 'down', 'slow'] as const
const verdict = (truth: (typeof words)[number], answer: (typeof words)[number]) => ({ truth, answer })

test('recall is of a row, precision of a column', (t) => {
  const matrix = confusionOf(
    [verdict('up', 'up'), verdict('up', 'up'), verdict('up', 'down'), verdict('down', 'down')],
    words,
    words,
  )
  t.equal(matrix.count('up', 'down'), 1)
  t.equal(matrix.recall('up'), 2 / 3)
  t.equal(matrix.recall('down'), 1)
  t.equal(matrix.recall('slow'), undefined)
  t.equal(matrix.precision('down'), 1 / 2)
  t.equal(matrix.precision('slow'), undefined)
  t.equal(matrix.accuracy, 3 / 4)
  t.same(confusionTable(matrix).split('\n'), [
    '| was ↓ said → | `up` | `down` | `slow` | recall |',
    '| --- | ---: | ---: | ---: | ---: |',
    '| `up` | 2 | 1 |  | 67 % |',
    '| `down` |  | 1 |  | 100 % |',
    '| `slow` |  |  |  | none |',
    '| precision | 100 % | 50 % | none |  |',
  ])
  t.end()
})

test('truths and answers may be different words', (t) => {
  const matrix = confusionOf([{ truth: 'firewall', answer: 'rotate' }], ['firewall', 'other'], ['rotate', 'wait'])
  t.equal(matrix.total('firewall'), 1)
  t.equal(matrix.total('other'), 0)
  t.equal(confusionTable(matrix, { scores: false }).split('\n').length, 4)
  t.equal(confusionOf([], words, words).accuracy, 0)
  t.end()
})
