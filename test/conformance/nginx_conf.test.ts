/**
 * The claim "The nginx configuration … accepted as it stands, and behaves as nginx does": the same file in the mini proxy
 * and in the real nginx, the same requests, the same faults; then the same statuses, and the same servers in the same order.
 */
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import t, { type Test, test } from 'tap'
import { stringify } from 'yaml'
import type { ForwardEvent, JournalEvent } from '../../src/journal/events.js'
import { findProduct } from '../../src/live/proxies/find.js'
import type { StandIn } from '../../src/live/proxies/stand_in.js'
import { startSite } from '../../src/live/start.js'
import { run } from '../../src/run.js'
import { readScenario } from '../../src/scenario/files.js'
import type { Scenario } from '../../src/scenario/schema.js'
import { assertEnded, badgateway, repository } from '../cli/command.js'
import { MAP, TUTORIAL } from '../proxies/confs.js'
import { needsNginx } from './nginx_program.js'

const LESSON = 'scenarios/lessons/nginx-conf.yaml'

// All others are done while one waits for 30 s.
t.jobs = 2
t.setTimeout(200_000)

test('the exclusion of 30 s is as long as nginx has it', { buffered: true, timeout: 170_000 }, async (t) => {
  const scenario = await readScenario(LESSON)
  const nginx = needsNginx(t) ? await findProduct('nginx') : undefined
  const asked = nginx ? [undefined, nginx] : [undefined]
  await Promise.all(
    asked.map(async (standIn) => {
      const name = standIn?.name ?? 'mini'
      const { excluded, askedAgain } = await untilAskedAgain(scenario, standIn)
      t.ok(askedAgain - excluded >= 30_000, `${name}: asked again after ${askedAgain - excluded} ms`)
    }),
  )
})

test('The nginx configuration of the tutorial is accepted as it stands', { buffered: true }, async (t) => {
  t.equal(readFileSync(join(repository, 'scenarios/lessons/nginx-conf.conf'), 'utf8'), TUTORIAL, 'to the byte')
  const ended = await badgateway(['validate', LESSON], { cwd: repository })
  assertEnded(t, ended, 0, '1 scenario is valid')
})

test('The nginx configuration of the tutorial behaves as nginx does', { buffered: true }, async (t) => {
  const scenario = await readScenario(LESSON)
  const mini = await played(scenario)
  t.equal(mini.verdict, 'pass', mini.told)
  if (!needsNginx(t)) return
  const real = await played(scenario, await findProduct('nginx'))
  t.equal(real.verdict, 'pass', real.told)
  t.strictSame(mini.course, real.course)
  t.equal(real.course.length, 20)
  t.match(real.course.slice(4, 9), ['200 app1 app2', '200 app2', '200 app2 spare', '200 app2', '500 app2'])
})

test('a scenario of it without its faults does not pass', { buffered: true }, async (t) => {
  const scenario = await readScenario(LESSON)
  t.not((await played({ ...scenario, faults: [] })).verdict, 'pass')
})

const SERVERS = 'server app1:8080; server app2:8080 weight=2; server spare:8080'

/** What stands in the upstream block, and in the location. */
const variants: Record<string, [upstream: string, location?: string]> = {
  'weights and the defaults of nginx': [`${SERVERS};`],
  'a backup and three failures': [`${SERVERS} backup;`.replace('app1:8080', 'app1:8080 max_fails=3')],
  least_conn: [`least_conn; ${SERVERS} backup;`],
  ip_hash: [`ip_hash; ${SERVERS};`],
  'hash, of which the key is the path': [`hash $request_uri; ${SERVERS};`],
  'no failure excludes': [`${SERVERS};`.replaceAll(':8080', ':8080 max_fails=0')],
  'next_upstream off': [`${SERVERS};`, 'proxy_next_upstream off;'],
  'two tries, whatever the status': [
    `${SERVERS};`,
    'proxy_next_upstream error timeout http_500 http_502; proxy_next_upstream_tries 2;',
  ],
  'a server that is down': [`${SERVERS} down;`],
  'a backup that stands before the hash': [`server app1:8080; server app2:8080 backup; hash $request_uri;`],
  'one server is never excluded': ['server app1:8080;'],
  'kept connections': [`${SERVERS}; keepalive 4;`, 'proxy_http_version 1.1; proxy_set_header Connection "";'],
}

test('Other configurations behave as nginx does', { buffered: true }, async (t) => {
  if (!needsNginx(t)) return
  const nginx = await findProduct('nginx')
  for (const [name, [upstream, location = '']] of Object.entries(variants)) {
    const scenario = await scenarioWith(
      t,
      `upstream pool { ${upstream} }\nserver { location / { proxy_pass http://pool; ${location} } }`,
    )
    const [mini, real] = [await played(scenario), await played(scenario, nginx)]
    t.strictSame(mini.course, real.course, name)
    t.equal(real.course.length, 24, `${name}: every request is in nginx's log`)
  }
})

/** From the failure that excludes app1 to its next request, by what the origins saw, on the rig's clock. */
async function untilAskedAgain(scenario: Scenario, standIn: StandIn | undefined) {
  const seen: number[] = []
  const journal = (event: JournalEvent): void => {
    if (event.event === 'served' && event.hop === 'app1') seen.push(event.t)
  }
  const faults = scenario.faults.filter(({ id }) => id === 'app1-out')
  const site = await startSite({ ...scenario, faults }, journal, () => {}, standIn)
  try {
    await site.beginLoad()
    const { port } = site.addressOf('lb')
    while (seen.length < 4) {
      await ask(port)
      if (seen.length === 3) await new Promise((next) => setTimeout(next, 200))
    }
    return { excluded: seen[2]!, askedAgain: seen[3]! }
  } finally {
    await site.scope.close()
  }
}

const ask = (port: number): Promise<void> =>
  new Promise((done, failed) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => response.resume().once('end', done)).once(
      'error',
      failed,
    )
  })

/** Requests for other paths one after the other, at servers of which each fails at times, by itself and for good. */
async function scenarioWith(t: Test, conf: string): Promise<Scenario> {
  const servers = ['app1', 'app2', 'spare'].filter((name) => conf.includes(`${name}:`))
  const origins = Object.fromEntries(servers.map((name) => [name, { kind: 'origin' }]))
  const paths = Array.from({ length: 24 }, (_, index) => `/${index * 7}`)
  const text = stringify({
    id: 'own',
    title: 'an nginx configuration',
    hops: { ...origins, lb: { kind: 'proxy', nginx: { file: 'nginx.conf' } } },
    clients: { plain: { to: 'lb', load: { requests: paths.length } } },
    faults: [
      { id: 'r1', on: 'app1', at: 'request_head', effect: 'reset', after: 1, first: 3 },
      { id: 's1', on: 'app1', at: 'request_head', effect: { type: 'respond', status: 502 }, after: 5, first: 1 },
      { id: 's2', on: 'app2', at: 'request_head', effect: { type: 'respond', status: 500 }, after: 2, first: 2 },
      { id: 'c2', on: 'app2', at: 'request_head', effect: 'close', after: 6, first: 1 },
    ].filter(({ on }) => servers.includes(on)),
    expect: [{ client: 'plain', status: 200, count: '>= 0' }],
  })
  const folder = t.testdir({ 'own.yaml': text, 'nginx.conf': conf })
  return readScenario(join(folder, 'own.yaml'))
}

interface Played {
  verdict: string
  told: string
  /** A request a line: its status and the servers that were tried, as the proxy tells it. */
  course: string[]
}

async function played(scenario: Scenario, proxy?: StandIn): Promise<Played> {
  const events: ForwardEvent[] = []
  const openJournal = () => ({
    write: (event: JournalEvent) => void (event.event === 'forward' && events.push(event)),
    close: async () => {},
  })
  const result = await run([{ file: 'x', scenario }], { proxy, openJournal })
  const [{ verdict, checks }] = result.scenarios as [(typeof result.scenarios)[0]]
  return {
    verdict,
    told: checks
      .filter((check) => check.verdict !== 'pass')
      .map(({ name, actual }) => `${name}: ${actual}`)
      .join('; '),
    course: events.map(({ status, tries }) => [status, ...tries.map(({ server }) => server)].join(' ')),
  }
}

test('MAP is that of the lesson', { buffered: true }, async (t) => {
  const { hops } = await readScenario(LESSON)
  t.match(hops.lb, { nginx: { map: MAP } })
})
