/** Bytes as lines. */
import fc from 'fast-check'
import t from 'tap'
import { lineSplitter, MOST_LINE_BYTES } from '../../../src/clients/program/splitter.js'

function split(chunks: readonly Buffer[]): { lines: string[]; long: number } {
  const seen = { lines: [] as string[], long: 0 }
  const feed = lineSplitter(
    (line) => seen.lines.push(line),
    () => seen.long++,
  )
  for (const chunk of chunks) feed(chunk)
  return seen
}

t.test('the same lines however they are cut, also in the middle of a character', async (t) => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(200)), (lines, cuts) => {
      const all = Buffer.from(lines.map((one) => `${one}\n`).join(''))
      const chunks: Buffer[] = []
      let from = 0
      for (const cut of [...cuts, all.length]) {
        chunks.push(all.subarray(from, from + cut))
        from += cut
      }
      t.same(split(chunks), { lines, long: 0 })
    }),
  )
})

t.test('ends of lines as on other systems, and what has no end yet', async (t) => {
  t.same(split([Buffer.from('a\r\n\r\nb\nc')]).lines, ['a', '', 'b'])
})

t.test('a line that is too long is told once and not read; the next one is', async (t) => {
  const half = Buffer.alloc(MOST_LINE_BYTES / 2, 'x')
  t.same(split([half, half, Buffer.from('\nnext\n')]), { lines: [half.toString().repeat(2), 'next'], long: 0 })
  const much = [half, half, Buffer.from('x')]
  t.same(split(much), { lines: [], long: 1 }, 'before its end comes')
  t.same(split([...much, ...much, Buffer.from('\nnext\n')]), { lines: ['next'], long: 1 })
  t.same(split([...much, Buffer.from('\n'), ...much]), { lines: [], long: 2 })
})
