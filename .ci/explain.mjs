/** Writes docs/explain.md's examples and its table of products anew, after a build; with --check it says whether they are. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { products } from '../dist/words/index.js'

const page = 'docs/explain.md'

/** What the command prints, behind the line that asks. */
const answered = (asked) => {
  const words = asked.match(/'[^']*'|\S+/g).map((word) => word.replaceAll("'", ''))
  const { stdout } = spawnSync(process.execPath, ['dist/cli/main.js', 'explain', ...words], { encoding: 'utf8' })
  return `$ badgateway explain ${asked}\n${stdout.trimEnd()}\n`
}

const rows = Object.values(products)
  .map(({ title, source }) => `| ${title} | ${source} |`)
  .join('\n')

const text = readFileSync(page, 'utf8')
  .replace(/\$ badgateway explain (.*)\n[\s\S]*?(?=```)/g, (_, asked) => answered(asked))
  .replace(/(\| --- \| --- \|\n)[\s\S]*?\n\n/, (_, head) => `${head}${rows}\n\n`)
if (!process.argv.includes('--check')) writeFileSync(page, text)
else if (text !== readFileSync(page, 'utf8')) {
  console.error(`${page} is stale: run "npm run build && node .ci/explain.mjs"`)
  process.exitCode = 1
}
