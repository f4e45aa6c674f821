/**
 * Writes schema/scenario.schema.json from the built code; with --check it writes nothing and fails when the file is
 * stale. Run it after `npm run build`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { scenarioJsonSchema } from '../dist/scenario/json_schema.js'

const file = new URL('../schema/scenario.schema.json', import.meta.url)
const text = `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(file, text)
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('schema/scenario.schema.json is stale: run "npm run build && node .ci/schema.mjs"')
  process.exitCode = 1
}
