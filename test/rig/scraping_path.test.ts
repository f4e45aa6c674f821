/** The program of docs/scraping-path.md, as somebody would copy it, and its scenario. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { parseScenario } from '../../src/scenario/parse.js'
import { repository, start } from '../cli/command.js'

const page = readFileSync(join(repository, 'docs/scraping-path.md'), 'utf8')
const block = (language: string): string => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)![1]!

test('the program prints the status, and what the site saw', async (t) => {
  const folder = t.testdir({ node_modules: {} })
  symlinkSync(repository, join(folder, 'node_modules/badgateway'))
  symlinkSync(join(repository, 'node_modules/undici'), join(folder, 'node_modules/undici'))
  writeFileSync(join(folder, 'program.mjs'), block('js'))
  const { code, stdout, stderr } = await start(process.execPath, ['program.mjs'], { cwd: folder }).ended
  t.equal(code, 0) || t.comment(stderr)
  t.equal(stdout, '200 1\n')
})

test('the scenario is one', async (t) => {
  const text = `id: page\ntitle: the page\n${block('yaml')}expect: [{ client: scraper, status: 502, count: "= 0" }]\n`
  t.equal(parseScenario(text, 'page.yaml').clients.scraper!.through!.form, 'connect')
})
