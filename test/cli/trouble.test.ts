/** What is not the scenario's doing: taken ports, full disks, interruptions, hops that die. Exit codes and messages. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Test, test } from 'tap'
import { convert } from 'xmlbuilder2'
import { exitCode } from '../../src/checks/verdict.js'
import type { JournalEvent } from '../../src/journal/events.js'
import { parseJournal } from '../../src/journal/log.js'
import type { RunResult } from '../../src/journal/result.js'
import { startSite } from '../../src/live/start.js'
import { run } from '../../src/run.js'
import { parseScenario } from '../../src/scenario/parse.js'
import { assertEnded, commandLine, lacks, main, repository, start, until } from './command.js'
import { long, onPort, passing } from './scenarios.js'

test('3 for a taken port, and what to do; what runs beside it goes on', async (t) => {
  const occupant = createServer().listen(0, '127.0.0.1')
  t.teardown(() => occupant.close())
  await new Promise((resolve) => occupant.once('listening', resolve))
  const { port } = occupant.address() as { port: number }
  const cwd = t.testdir({ chaos: { 'long.yaml': long.replace('60s', '1s'), 'on-port.yaml': onPort(port) } })
  const says = [`Port ${port} for hop "app" is taken`, 'Free the port, or leave "port" of hops.app out']
  assertEnded(t, await commandLine(['run', 'chaos/on-port.yaml'], { cwd }), 3, ...says)
  assertEnded(t, await commandLine(['run', 'chaos'], { cwd }), 3, '✓ long', '! on-port', ...says, '1 could not run')
  const report = JSON.parse(readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8'))
  t.match(report.scenarios, [{ verdict: 'pass' }, { verdict: 'error', reason: says[0] }])
})

test('3 when the current folder is gone, from the start or meanwhile', async (t) => {
  const cwd = t.testdir({ start: {}, later: {} })
  const run = start('sh', ['-c', `rmdir "$PWD" && exec node ${main} run origin-refused`], { cwd: join(cwd, 'start') })
  assertEnded(t, await run.ended, 3, 'The current folder is gone')
  const program = `const { createRunFolder } = await import('${repository}/dist/run_folder.js')
import { rmdirSync } from 'node:fs'
rmdirSync(process.cwd())
try { createRunFolder('reports', 'x', new Date()) } catch (error) { console.log(error.name, error.message) }`
  const folder = start(process.execPath, ['--input-type=module', '-e', program], { cwd: join(cwd, 'later') })
  assertEnded(t, await folder.ended, 0, /^CannotRunError Cannot write reports: .*ENOENT/)
})

test('3 for a full disk, and what to do', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing, file: '', folder: {}, link: t.fixture('symlink', 'nowhere') })
  const full = ['run', 'passing.yaml', '--report', 'json=/dev/full']
  const report = await commandLine(full, { cwd })
  assertEnded(t, report, 3, '1 passed', 'Cannot write /dev/full: the disk is full (ENOSPC). Free some space. Name ano')
  t.ok(existsSync('/dev/full'), 'a device is not removed')
  const cases: [args: string[], ...says: string[]][] = [
    [['--report', 'junit=file/a.xml'], 'Cannot write file/a.xml: ', 'Name another file with --report junit=FILE'],
    [['--report', 'junit=folder'], 'Cannot write folder: it is a folder (EISDIR)'],
    [
      ['--out', 'file'],
      'Cannot write file: a file, or a link that leads nowhere, stands where a folder is wanted (EEXIST)',
      'another folder with --out',
    ],
    [['--out', 'link'], 'Cannot write link: a file, or a link that leads nowhere, stands where a folder is wanted'],
    [['--out', 'file/runs'], 'Cannot write file/runs: a part of the path is a file, not a folder (ENOTDIR)'],
    [
      ['--out', '/proc/runs'],
      'Cannot write /proc/runs: the folder that it is in is gone, or none can be made there (ENOENT)',
    ],
    [['--report', 'json=/proc/a/b.json'], 'Cannot write /proc/a/b.json: ', 'Name another file with --report json=FILE'],
  ]
  for (const [args, ...says] of cases)
    assertEnded(t, await commandLine(['run', 'passing.yaml', ...args], { cwd }), 3, ...says)
  const output = await start('bash', ['-c', `"${process.execPath}" "${main}" list > /dev/full`], { cwd }).ended
  assertEnded(t, output, 3, 'Cannot write the output: the disk is full (ENOSPC)')
})

test('3 where latest is a folder: it is named, and the reports are there', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing, runs: { latest: {} } })
  const ended = await commandLine(['run', 'passing.yaml', '--out', 'runs'], { cwd })
  assertEnded(t, ended, 3, 'Cannot write runs/latest: it is a folder (EISDIR). Name another folder with --out')
  const left = readdirSync(join(cwd, 'runs'))
  t.match(left, [/^\d{8}-\d{6}-passing$/, 'latest'], 'no temporary link stays')
  t.equal(left.length, 2)
  t.ok(existsSync(join(cwd, 'runs', left[0]!, 'report.txt')))
})

test('3 when the journal of a run does not fit, and no half report stays', async (t) => {
  const cwd = t.testdir({ 'busy.yaml': passing.replace('requests: 2', 'requests: 200') })
  // 16 blocks of 1024 bytes: room for the beginning of the journal, not for all of it.
  const command = `ulimit -f 16; exec "${process.execPath}" "${main}" run busy.yaml`
  const ended = await start('bash', ['-c', command], { cwd }).ended
  assertEnded(t, ended, 3, /Cannot write reports\/.*\/passing\.ndjson: .*\(EFBIG\)\. Name another folder with --out/)
  const folder = join(cwd, 'reports', readdirSync(join(cwd, 'reports'))[0]!)
  t.same(readdirSync(folder), ['passing.ndjson'], 'the journal, as far as it goes, and nothing that looks whole')
  t.ok(parseJournal(readFileSync(join(folder, 'passing.ndjson'), 'utf8')).length > 10, 'it can be read')
})

test('3 when the file system of a run is full', async (t) => {
  const small = mkdtempSync(join(tmpdir(), 'badgateway-'))
  t.teardown(() => rmSync(small, { recursive: true }))
  if (!mounted(small, '12k')) return lacks(t, 'needs the right to mount a tmpfs')
  t.teardown(() => execFileSync('umount', [small]))
  const cwd = t.testdir({ 'passing.yaml': passing })
  const ended = await commandLine(['run', 'passing.yaml', '--out', small], { cwd })
  assertEnded(t, ended, 3, `Cannot write ${small}/`, 'the disk is full (ENOSPC). Free some space')
  const folder = join(small, readdirSync(small)[0]!)
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    t.doesNotThrow(() => JSON.parse(readFileSync(join(folder, name), 'utf8')), `${name} is whole`)
  }
})

function mounted(folder: string, size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const signals: [signal: NodeJS.Signals, code: number, ...options: string[]][] = [
  ['SIGINT', 130, '--json'],
  ['SIGTERM', 143],
]

for (const [signal, code, ...options] of signals) {
  test(`${code} for ${signal}: the hops are closed, what ran is reported ${options}`, async (t) => {
    const cwd = t.testdir({ chaos: { '1-passing.yaml': passing, '2-long.yaml': long } })
    const { ended, ports } = await interrupted(t, cwd, ['run', 'chaos', ...options], signal, 'passing')
    assertEnded(t, ended, code, '✓ passing', '! long', 'interrupted before its end', ', interrupted (')
    t.match(ended.stderr, 'Interrupted: closing the hops and writing the report of what ran')
    const read = (name: string) => readFileSync(join(cwd, 'reports/latest', name), 'utf8')
    const result: RunResult = JSON.parse(read('result.json'))
    t.match(result, { interrupted: true, verdict: 'error', scenarios: [{ verdict: 'pass' }, { verdict: 'error' }] })
    if (options.includes('--json')) t.equal(ended.stdout, read('result.json'), 'its result all the same')
    else t.match(ended.stdout, '! long')
    const ran = result.scenarios[1]!.clients.steady!.requests
    t.ok(ran >= 1 && ran < 1200, `${ran} requests`)
    t.match(convert(read('junit.xml'), { format: 'object' }), { testsuites: { '@errors': '1' } })
    t.match(parseJournal(read('long.ndjson')).at(-1), { event: 'end', interrupted: true })
    for (const port of ports) t.equal(await codeOfConnect(port), 'ECONNREFUSED', `nobody listens at ${port}`)
  })
}

/** Starts it, waits until its long scenario has answered requests and the other is over, and sends the signal. */
async function interrupted(t: Test, cwd: string, args: string[], signal: NodeJS.Signals, other: string) {
  const { child, ended } = start(process.execPath, [main, ...args], { cwd })
  t.teardown(() => child.kill('SIGKILL'))
  const events = await until(() => {
    const found = journalOf(cwd, 'long').filter(({ event }) => event === 'request')
    const over = journalOf(cwd, other).some(({ event }) => event === 'end')
    return found.length > 1 && over && journalOf(cwd, 'long')
  })
  child.kill(signal)
  const ports = events.flatMap((event) => (event.event === 'hop' ? [Number(event.address.split(':')[1])] : []))
  return { ended: await ended, ports }
}

/** What is in the journal of the only run so far. */
function journalOf(cwd: string, scenario: string): JournalEvent[] {
  const reports = join(cwd, 'reports')
  const [folder] = existsSync(reports) ? readdirSync(reports) : []
  const file = folder && join(reports, folder, `${scenario}.ndjson`)
  return file && existsSync(file) ? parseJournal(readFileSync(file, 'utf8')) : []
}

const codeOfConnect = (port: number): Promise<string | undefined> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code))
    socket.once('connect', () => {
      socket.destroy()
      done(undefined)
    })
  })

test('3 for a scenario that takes longer than its time limit', async (t) => {
  const cwd = t.testdir({ 'long.yaml': long.replace('hops:', 'time_limit: 300ms\nhops:') })
  const ended = await commandLine(['run', 'long.yaml'], { cwd })
  assertEnded(t, ended, 3, '! long', 'took longer than time_limit, 300 ms', '1 could not run')
})

test('a hop that dies unasked is an error, never a pass', async (t) => {
  const scenario = parseScenario(long, 'long.yaml')
  const servers = captureServers(t)
  let requests = 0
  const openJournal = () => ({
    path: 'none',
    write(event: JournalEvent) {
      if (event.event !== 'request' || ++requests !== 5) return
      // The origin starts first.
      servers[0]!.close()
      for (const socket of servers[0]!.accepted) socket.destroy()
    },
    close: async () => {},
  })
  const result = await run([{ file: 'long.yaml', scenario }], { openJournal })
  t.match(result, { verdict: 'error', scenarios: [{ reason: 'hop "app" stopped listening unasked' }] })
  t.equal(exitCode(result.scenarios.map(({ verdict }) => verdict)), 3)
})

test('a hop that is asked to close says nothing', async (t) => {
  const broken: string[] = []
  const site = await startSite(parseScenario(long, 'long.yaml'), null, (message) => broken.push(message))
  await site.scope.close()
  t.same(broken, [])
})

test('3 when a hop dies unasked', async (t) => {
  const cwd = t.testdir({ 'long.yaml': long })
  const preload = resolve('test/cli/fixtures/dying_hop.mjs')
  const { ended } = start(process.execPath, ['--import', preload, main, 'run', 'long.yaml'], { cwd })
  assertEnded(t, await ended, 3, '! long', 'hop "app" stopped listening unasked', '1 could not run')
})

interface Captured extends Server {
  accepted: Set<import('node:net').Socket>
}

/** Every server that begins to listen from now on, in that order. */
function captureServers(t: Test): Captured[] {
  const servers: Captured[] = []
  const { listen } = Server.prototype
  t.teardown(() => {
    Server.prototype.listen = listen
  })
  Server.prototype.listen = function (this: Captured, ...options: Parameters<typeof listen>) {
    if (!servers.includes(this)) {
      this.accepted = new Set()
      this.on('connection', (socket) => this.accepted.add(socket))
      servers.push(this)
    }
    return listen.apply(this, options)
  } as typeof listen
  return servers
}
