/**
 * Writes docs/<product>.md for each product that is named, or for all: the mini proxy in its dialect beside the real one,
 * which has to be installed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const all = readdirSync('test/conformance/answers/products').map((file) => file.replace('.ts', ''))
const named = process.argv.slice(2)
const unknown = named.find((name) => !all.includes(name))
if (unknown !== undefined) throw new Error(`${unknown} is none of ${all.join(', ')}`)

for (const name of named.length > 0 ? named : all) {
  const env = { ...process.env, GOLDEN: 'write', NO_SKIP: '1' }
  // nginx's is asked by every run of the tests, the others by the slow tier.
  const test = ['alone', 'slow'].map((room) => `test/${room}/answers_${name}.ts`).find((file) => existsSync(file))
  const { status } = spawnSync('npx', ['tap', test], { stdio: 'inherit', env })
  if (status !== 0) process.exitCode = 1
}
