/**
 * Writes docs/rosetta.md from a run of every cause at the mini proxy, at every product, and at the mini proxy in each product's
 * dialect: npm run rosetta, some minutes on a quiet machine. It fails where one of the last differs from its product and
 * .ci/rosetta.yaml has no reason. With --check nothing runs and nothing is written: the page has every cause, and every
 * difference on it has its reason. Run it after `npm run build`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { dialectNames } from '../dist/dialects/index.js'
import { findProduct } from '../dist/live/proxies/find.js'
import { matrix } from '../dist/matrix.js'
import { proxies } from '../dist/proxies/index.js'
import { differences, problemsOf, rosettaPage } from '../dist/reports/matrix/rosetta.js'
import { bySection } from '../dist/reports/sections.js'
import { findScenarioFiles, readScenarios } from '../dist/scenario/files.js'

/** What a busy machine made differ does not differ again and again. */
const TIMES = 5

const root = resolve(import.meta.dirname, '..')
const file = join(root, 'docs/rosetta.md')
const reasons = parse(readFileSync(join(root, '.ci/rosetta.yaml'), 'utf8'))

const read = await readScenarios(await findScenarioFiles(['scenarios/causes'], root, join(root, 'scenarios')))
const loaded = bySection(read, ({ scenario }) => scenario.tags).flatMap(({ items }) => items)
const ids = loaded.map(({ scenario }) => scenario.id)
if (!process.argv.includes('--check')) writeFileSync(file, rosettaPage(await seen(), reasons, process.versions.node))
const problems = problemsOf(readFileSync(file, 'utf8'), ids, reasons)
if (problems.length > 0) {
  console.error(`docs/rosetta.md: ${problems.join('\n  ')}\nrun "npm run rosetta", and say in .ci/rosetta.yaml why`)
  process.exitCode = 1
}

async function seen() {
  const names = Object.keys(proxies)
  const products = await Promise.all(names.map(async (name) => ({ name, product: await findProduct(name) })))
  const dialects = names.filter((name) => dialectNames.includes(name))
  const minis = dialects.map((dialect) => ({ name: `mini:${dialect}`, dialect }))
  const columns = [{ name: 'mini' }, ...products, ...minis]
  let done = 0
  const onRow = () => ++done % 10 === 0 && console.error(`${done} of ${loaded.length} causes`)
  const result = await matrix(loaded, columns, { onRow })
  for (let time = 1; time < TIMES; time++) {
    for (const product of dialects) {
      const differing = differences(result, [product]).map(({ id }) => id)
      const again = loaded.filter(({ scenario }) => differing.includes(scenario.id))
      const pair = columns.filter(({ name }) => name === product || name === `mini:${product}`)
      const { rows } = await matrix(again, pair)
      const settled = rows.filter((row) => differences({ ...result, rows: [row] }, [product]).length === 0)
      for (const { id, cells } of settled) Object.assign(result.rows.find((row) => row.id === id).cells, cells)
    }
  }
  return result
}
