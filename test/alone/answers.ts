/**
 * The mini proxy in nginx's dialect is the real nginx for its clients and for whoever reads its log: over every cause,
 * and over variations of a response that no file holds. docs/nginx.md says so, and is written from here:
 * `node .ci/nginx.mjs`. Other variations once in a while: SEED=… npx tap test/alone/answers.ts.
 * Some causes load the machine: no other test runs beside them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { compareCauses } from '../conformance/answers/causes.js'
import { page, reasons } from '../conformance/answers/page.js'
import { isSame, type Row, undecided } from '../conformance/answers/seen.js'
import { compareVariations, drawVariations } from '../conformance/answers/variations.js'
import { installedNginx } from '../live/proxies/real.js'

const PAGE = 'docs/nginx.md'
const USUAL_SEED = 20_221_019
const seed = Number(process.env.SEED ?? USUAL_SEED)
const COUNT = 240
const AT_LEAST = 0.9

t.test('the mini proxy answers and logs as nginx does', async (t) => {
  const nginx = await installedNginx(t)
  if (!nginx) return
  const version = nginx.name.split(' ')[1]!
  t.equal(version, '1.22.1', 'the nginx whose words are meant')

  const causes = await compareCauses(nginx)
  t.ok(causes.rows.length >= 60, `${causes.rows.length} causes`)
  judge(causes.rows, 'causes')

  const drawn = drawVariations(seed, COUNT)
  const rows = await compareVariations(drawn, nginx)
  judge(rows, `variations of seed ${seed}`)
  const statuses = new Set(rows.map(({ nginx }) => /^HTTP\S+ (\d+)/.exec(nginx.got[0]!)?.[1] ?? 'none'))
  t.ok(statuses.size >= 6, `they come to different ends: ${[...statuses].sort().join(', ')}`)
  if (seed !== USUAL_SEED) return

  const kinds = ['cut at a random byte', 'with a damaged head', 'with a damaged chunk']
  const text = page({ version, causes, seed, variations: { rows, kinds } })
  if (process.env.GOLDEN === 'write') writeFileSync(PAGE, text)
  t.equal(readFileSync(PAGE, 'utf8'), text, `${PAGE} is current: node .ci/nginx.mjs`)

  function judge(compared: readonly Row[], what: string): void {
    const differing = compared.filter((row) => !isSame(row))
    const share = 1 - differing.length / compared.length
    t.ok(share >= AT_LEAST, `${compared.length - differing.length} of ${compared.length} ${what} are the same`)
    for (const row of differing) {
      if (!(row.name in { ...reasons, ...undecided })) t.fail(`${row.name} differs, and no reason is known`, row)
    }
  }
})
