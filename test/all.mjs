/**
 * Every test file, each in a process of its own: what `tap` runs when it is told no files. It starts them without the
 * loader that tap gives its own children to count coverage, which nobody asks for here: each would take twice as long.
 */
import { readdirSync } from 'node:fs'
import t from 'tap'

const built = '.built/test'
const files = readdirSync(built, { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .sort()
/** For each a copy: tap writes its name in it. */
const options = { buffered: true, at: null, stack: '', timeout: Number(process.env.TAP_TIMEOUT) * 1000 }

t.setTimeout(0)
t.jobs = Number(process.env.TAP_JOBS)
for (const file of files.map((name) => `${built}/${name}`)) {
  // What tap wants to load into its children stands in NODE_OPTIONS.
  t.spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, '--enable-source-maps', file], { ...options }, file)
}
