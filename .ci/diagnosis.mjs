/**
 * Labelled, randomised runs of the scraping path on real sockets, and what the procedures of core/gateway/diagnosis make of what
 * the gateways saw. Writes docs/diagnosis.md and test/diagnosis/published.json; with --check it repeats a few of the published runs and
 * fails where the page is stale or they come out otherwise. Run it with npm run diagnosis.
 *
 * --runs N --seed FIRST: other runs, e.g. to tune by; then it prints the tables and writes nothing, unless --write is given.
 * --slower N: everything takes N times as long, for a busy machine. --guessed: no runs, but test/diagnosis/observed.ts' guess at
 * what gateways would see; the page then says so.
 */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { drawCase } from '../test/diagnosis/cases.ts'
import { judge, judgeSeen } from '../test/diagnosis/judge.ts'
import { observe } from '../test/diagnosis/observed.ts'
import { pageOf } from '../test/diagnosis/page.ts'
import { scenarioOf } from '../test/diagnosis/scenario.ts'

const root = resolve(import.meta.dirname, '..')
const PAGE = join(root, 'docs/diagnosis.md')
const DATA = join(root, 'test/diagnosis/published.json')
/** Those of the published table. What the procedures were tuned by lies below 100,000. */
const PUBLISHED = { seed: 900_000, runs: 510 }
const CHECKED = 4
/** A run on a machine that was too busy says nothing, and is made so often. */
const TIMES = 3
const LAG_LIMIT_MS = 120
/** Profiles of TLS: the usual one, and the one that a firewall may know. */
const PROFILES = ['modern', 'python_like']

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    slower: { type: 'string', default: '1' },
    guessed: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '3' },
    check: { type: 'boolean' },
    write: { type: 'boolean' },
    part: { type: 'string' },
    show: { type: 'string' },
  },
})

if (values.part) await work(values.part.split(',').map(Number))
else if (values.show)
  console.log(JSON.stringify(scenarioOf(drawCase(Number(values.show), PROFILES), Number(values.slower)), null, 2))
else if (values.check) await check()
else await publish()

async function publish() {
  const seed = Number(values.seed ?? PUBLISHED.seed)
  const runs = Number(values.runs ?? PUBLISHED.runs)
  const published = values.seed === undefined && values.runs === undefined
  const started = Date.now()
  const results = await runAll(Array.from({ length: runs }, (_, n) => seed + n))
  const minutes = (Date.now() - started) / 60_000
  const { guessed } = values
  const data = { guessed, seed, runs, node: process.versions.node, minutes: Number(minutes.toFixed(1)), results }
  if (!published && !values.write) return console.log(pageOf(data))
  writeFileSync(
    DATA,
    `${JSON.stringify({ ...data, results: undefined }).slice(0, -1)},"results":[\n${lines(results)}\n]}\n`,
  )
  writeFileSync(PAGE, pageOf(data))
}

function lines(results) {
  return results.map((result) => JSON.stringify(result)).join(',\n')
}

/** Why something was said is kept where it was wrong. */
function kept(result) {
  const said = Object.entries(result.said).map(([name, { class: found, because }]) => {
    const wrong = name === 'evidence' && found !== result.label
    return [name, wrong ? { class: found, because } : { class: found }]
  })
  return { ...result, said: Object.fromEntries(said) }
}

/** The page is what its data say, and a few of the runs come out as they did. */
async function check() {
  const data = JSON.parse(readFileSync(DATA, 'utf8'))
  if (readFileSync(PAGE, 'utf8') !== pageOf(data))
    fail('docs/diagnosis.md does not say what test/diagnosis/published.json holds')
  const step = Math.floor(data.results.length / CHECKED)
  const before = data.results.filter((_, n) => n % step === 0).slice(0, CHECKED)
  if (data.guessed) values.guessed = true
  const after = await runAll(before.map(({ seed }) => seed))
  const other = before.filter(({ said }, n) => said.evidence.class !== after[n].said.evidence.class)
  for (const { seed, label } of other) console.error(`seed ${seed} (${label}) comes out otherwise than on the page`)
  // Time is the machine's: what the page got wrong by a hair may come out right, or the other way round.
  if (other.length > 1) fail(`${other.length} of ${before.length} runs come out otherwise: npm run diagnosis`)
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

/** Some processes share the runs: each has a thread of clients and one of hops. */
async function runAll(seeds) {
  const jobs = Math.min(Number(values.jobs), seeds.length)
  const results = new Map()
  const left = [...seeds]
  const again = new Map()
  let told = 0
  const tell = ({ seed, label, manner, said, disturbed }) => {
    const outcome = disturbed ?? (said.evidence.class === label ? 'right' : `wrong: ${said.evidence.class}`)
    console.error(`${++told}/${seeds.length} seed ${seed} ${label}, ${manner}: ${outcome}`)
  }
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      // A process is made anew after some runs, so that nothing that it keeps can grow without end.
      for (let part = left.splice(0, 20); part.length > 0; part = left.splice(0, 20)) {
        for await (const result of inProcess(part)) {
          tell(result)
          results.set(result.seed, kept(result))
          const times = (again.get(result.seed) ?? 0) + 1
          again.set(result.seed, times)
          if (result.disturbed && times < TIMES) left.push(result.seed)
        }
      }
    }),
  )
  const missing = seeds.filter((seed) => !results.has(seed))
  if (missing.length > 0) throw new Error(`no result for the seeds ${missing.join(', ')}`)
  return seeds.map((seed) => results.get(seed))
}

async function* inProcess(seeds) {
  const how = ['--slower', values.slower, ...(values.guessed ? ['--guessed'] : [])]
  const args = ['--import=tsx', import.meta.filename, '--part', seeds.join(','), ...how]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line)
}

async function work(seeds) {
  for (const seed of seeds) {
    const one = drawCase(seed, PROFILES)
    console.log(JSON.stringify(values.guessed ? judgeSeen(one, observe(one).observations) : await runReally(one)))
  }
}

async function runReally(one) {
  const { runScenario } = await import('../dist/run.js')
  const { checkScenario } = await import('../dist/scenario/parse.js')
  const slower = Number(values.slower)
  const scenario = checkScenario(scenarioOf(one, slower), { runnable: true })
  const events = []
  const openJournal = () => ({ write: (event) => events.push(event), close: async () => {} })
  await runScenario({ file: scenario.id, scenario }, { openJournal })
  const judgement = judge(one, events)
  const broken = events.find(({ event }) => event === 'error')?.message
  const busy = events.find(({ event, cannot }) => event === 'load' && cannot)?.cannot
  const late = judgement.lag_ms > LAG_LIMIT_MS * slower && `timers were ${judgement.lag_ms} ms late`
  const disturbed = broken ?? busy ?? late
  return disturbed ? { ...judgement, disturbed } : judgement
}
