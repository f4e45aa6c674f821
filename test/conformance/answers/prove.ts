/**
 * The mini proxy in a product's dialect is the real product for its clients and for whoever reads its log: over every cause,
 * and over variations of a response that no file holds. The page of the product says so, and is written from here
 * (GOLDEN=write). Tests in test/alone/ and test/slow/ call it, one for each product.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Test } from 'tap'
import { installed } from '../../live/proxies/real.js'
import { compareCauses } from './causes.js'
import { page } from './page.js'
import type { Subject } from './product.js'
import { isSame, type Row } from './seen.js'
import { compareVariations, drawVariations } from './variations.js'

const COUNT = 240
const AT_LEAST = 0.9

export async function proveAnswers(t: Test, subject: Subject): Promise<void> {
  const { name, title, version, reasons } = subject
  const product = await installed(t, name)
  if (!product) return
  t.equal(product.name, `${name} ${version}`, `the ${title} whose words are meant`)
  const seed = Number(process.env.SEED ?? subject.seed)

  const causes = await compareCauses(subject, product)
  t.ok(causes.rows.length >= 60, `${causes.rows.length} causes`)
  judge(causes.rows, 'causes')

  const drawn = drawVariations(subject, seed, COUNT)
  const rows = await compareVariations(subject, drawn, product)
  judge(rows, `variations of seed ${seed}`)
  const statuses = new Set(rows.map(({ real }) => /^HTTP\S+ (\d+)/.exec(real.got[0]!)?.[1] ?? 'none'))
  t.ok(statuses.size >= 6, `they come to different ends: ${[...statuses].sort().join(', ')}`)
  if (seed !== subject.seed) return

  const kinds = ['cut at a random byte', 'with a damaged head', 'with a damaged chunk']
  const file = `docs/${name}.md`
  const text = page({ subject, causes, variations: { rows, kinds } })
  if (process.env.GOLDEN === 'write') writeFileSync(file, text)
  t.equal(readFileSync(file, 'utf8'), text, `${file} is current: node .ci/answers.mjs ${name}`)

  function judge(compared: readonly Row[], what: string): void {
    const differing = compared.filter((row) => !isSame(row))
    const share = 1 - differing.length / compared.length
    t.ok(share >= AT_LEAST, `${compared.length - differing.length} of ${compared.length} ${what} are the same`)
    for (const row of differing) {
      if (!(row.name in reasons)) t.fail(`${row.name} differs, and no reason is known`, row)
    }
  }
}
