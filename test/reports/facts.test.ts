/** Claims that are a list of what would have to be so, and figures as text. */
import { test } from 'tap'
import { skeletonOf } from '../../src/reports/claims.js'
import { figureText, isSo, judgeFacts } from '../../src/reports/facts.js'

const [good, mixed, bad] = [
  { say: 'it helps', held: [true, true] },
  { say: 'it always helps', held: [true, false] },
  { say: 'it is free', held: [false, false] },
]

test('a claim holds where every part of it was so in every run', async (t) => {
  t.same([good, mixed, bad, { say: 'nothing ran', held: [] }].map(isSo), [true, false, false, false])
  t.match(judgeFacts([good]), { verdict: 'holds', text: 'Holds.' })
  t.match(judgeFacts([mixed, bad]), { verdict: 'does not hold', text: 'Does not hold.' })
  t.match(judgeFacts([good, mixed, bad]), {
    verdict: 'holds only under conditions',
    text: 'True: it helps. Not true: it always helps; it is free.',
  })
})

test('figures: the median, the range where runs differ, units, what is not defined', async (t) => {
  t.equal(figureText([3], 'count'), '3')
  t.equal(figureText([5, 3, 4], 'number'), '4 (3 to 5)')
  t.equal(figureText([0.9949, 1], 'share'), '100 % (99.5 % to 100 %)')
  t.equal(figureText([12.345], 'number'), '12.3')
  t.equal(figureText([3.456], 'number'), '3.5')
  t.equal(figureText([1234.5], 'duration'), '1235 ms')
  t.equal(figureText([397.4, 397.4], 'per_second'), '397/s')
  t.equal(figureText([null, 200, 100], 'duration', 'never'), '200 ms (100 ms to never)')
  t.equal(figureText([0], 'count'), '0')
})

test('a page without them: what was so stays', async (t) => {
  const page = (figure: string, so: string) => `| *a client* | ${figure} | 3 |\n| it helps | ${figure} | ${so} |`
  t.equal(skeletonOf(page('3', 'yes')), skeletonOf(page('100 ms (3 ms to never)', 'yes')))
  t.not(skeletonOf(page('3', 'yes')), skeletonOf(page('3', 'no')))
  t.equal(
    skeletonOf('| 400 ms | 200 ms | 200 | 504 |'),
    '| 400 ms | 200 ms | 200 | 504 |',
    'a grid of statuses is no figure',
  )
})
