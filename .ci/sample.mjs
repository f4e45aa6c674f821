/**
 * Makes reports/sample/: what `badgateway run` leaves of a few causes, with times, ports and paths set to fixed values so
 * that two runs can be compared. `node .ci/sample.mjs` writes it; with --check it compares and writes nothing.
 * It needs dist/ (npm run build).
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { serialize } from '../dist/journal/log.js'
import { reports } from '../dist/reports/index.js'
import { run } from '../dist/run.js'
import { findScenarioFiles, readScenarios } from '../dist/scenario/files.js'

const root = resolve(import.meta.dirname, '..')
const sample = join(root, 'reports/sample')

/** As few as show what reports look like; the whole catalogue would be long, and not all of it is to the count alike. */
const CAUSES = [
  'origin-refused',
  'tls-cert-expired',
  'tls-reset-on-hello',
  'reset-before-response',
  'truncated-body-close',
  'response-timeout',
]

/** The journal that is shown: one client, one request after the other, so that its lines always stand in one order. */
const SHOWN = 'origin-refused'

/** Two clients share a balancer here: which of them meets the bad server is a matter of microseconds. */
const SHARED = new Set(['reset-before-response'])

/** What counts by time, and is not defined where that is too short. */
const BY_TIME = /_rps$|(peak_to_mean|idc)_\d+m?s$|^(intended|lost_goodput|recovered|rate_reached)$/

/** None, and not known where another cause ran at that time. */
const LEFT = /^(timers|sockets)_left$/

const check = process.argv.includes('--check')
process.chdir(root)
const { result, journal } = await replay()
if (check) compare()
else write()

async function replay() {
  const loaded = await readScenarios(await findScenarioFiles(CAUSES, root, join(root, 'scenarios')))
  const events = []
  const openJournal = (id) => ({
    path: `reports/sample/${id}.ndjson`,
    write: (event) => id === SHOWN && events.push(event),
    close: async () => {},
  })
  const raw = await run(loaded, { openJournal })
  inOrder(events)
  for (const scenario of raw.scenarios) if (scenario.id !== SHOWN) delete scenario.journal
  const fixed = { ...fixTimes(raw), started: '2026-01-01T00:00:00.000Z', version: '0.0.0' }
  return { result: fixed, journal: fixPorts(events.map((event, index) => fixEvent(event, index)).join('')) }
}

/**
 * Hops and clients journal in threads of their own, and what they tell of one request ends within microseconds: here it
 * stands request by request, from the inside out.
 */
function inOrder(events) {
  const ranks = ['run', 'hop', 'fault', 'log', 'forward', 'attempt', 'request', 'thread', 'lag', 'end']
  let faults = 0
  const keyOf = ({ event, request }) => {
    const nth = request ? Number(request.split('-').at(-1)) : event === 'fault' ? ++faults : undefined
    const rank = ranks.indexOf(event)
    return [nth ?? (rank < ranks.indexOf('fault') ? 0 : Number.POSITIVE_INFINITY), rank]
  }
  const keys = new Map(events.map((event) => [event, keyOf(event)]))
  events.sort((a, b) => {
    const [[m, k], [n, l]] = [keys.get(a), keys.get(b)]
    return m === n ? k - l : m - n
  })
}

/** Every duration becomes 1 ms, in the values and in what checks say of them; so does what counts by time. */
function fixTimes(value, key = '') {
  if (BY_TIME.test(key)) return 1
  if (LEFT.test(key)) return value ?? 0
  if (Array.isArray(value)) return value.map((one) => fixTimes(one))
  if (typeof value === 'number') return key === 'ms' || key.endsWith('_ms') ? 1 : value
  if (key === 'actual' && /^[\d.]+ ?(ms|s)$/.test(value)) return '1ms'
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fixTimes(inner, name)]))
}

/** The moment of an event becomes its number. */
function fixEvent(event, index) {
  const fixed = { ...fixTimes(event), t: index }
  if (event.event === 'thread') Object.assign(fixed, { timers: fixed.timers ?? 0, sockets: fixed.sockets ?? 0 })
  if (event.event === 'run') Object.assign(fixed, { version: '0.0.0', node: 'v0.0.0' })
  return serialize(fixed)
}

/** Ports become 40001, 40002, … in the order in which they appear. */
function fixPorts(text) {
  const ports = new Map()
  return text.replace(/127\.0\.0\.1:(\d+)/g, (_whole, port) => {
    if (!ports.has(port)) ports.set(port, 40_001 + ports.size)
    return `127.0.0.1:${ports.get(port)}`
  })
}

function write() {
  mkdirSync(sample, { recursive: true })
  for (const { fileName, render } of Object.values(reports)) writeFileSync(join(sample, fileName), render(result))
  writeFileSync(join(sample, `${SHOWN}.ndjson`), journal)
  console.log(`Written: ${sample}`)
}

/** The result against the one that is committed, and its other reports against what is made of that one. */
function compare() {
  const committed = JSON.parse(read(reports.json.fileName))
  try {
    assert.deepEqual(comparable(result), comparable(committed), 'result.json')
    assert.equal(journal, read(`${SHOWN}.ndjson`), `${SHOWN}.ndjson`)
    for (const { fileName, render } of Object.values(reports)) assert.equal(render(committed), read(fileName), fileName)
  } catch (error) {
    const [name] = error.message.split('\n')
    console.error(`reports/sample/${name} is not what a run leaves now. When that is meant: node .ci/sample.mjs`)
    console.error(difference(error))
    process.exitCode = 1
    return
  }
  console.log(`reports/sample/ is what a run of ${result.scenarios.length} scenarios leaves`)
}

function read(name) {
  return readFileSync(join(sample, name), 'utf8')
}

function comparable({ scenarios, ...others }) {
  return { ...others, scenarios: scenarios.map(comparableScenario) }
}

function comparableScenario(scenario) {
  if (!SHARED.has(scenario.id)) return scenario
  const { id, title, verdict, seed, file, faults, clients, checks } = scenario
  return {
    ...{ id, title, verdict, seed, file },
    faults: faults.map((fault) => ({ ...fault, fired: undefined })),
    clients: Object.keys(clients),
    checks: checks.map((one) => ({ ...one, actual: undefined })),
  }
}

function difference({ actual, expected }) {
  const lines = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2)).split('\n')
  const [now, before] = [lines(actual), lines(expected)]
  const at = now.findIndex((line, index) => line !== before[index])
  return `line ${at + 1}\n  now:       ${now[at]}\n  committed: ${before[at]}`
}
