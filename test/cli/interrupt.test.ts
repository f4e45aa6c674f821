/**
 * Ctrl-C as a terminal sends it: to every process of the group. What a run has started is for the run to end, in order,
 * and it ends with the run also when that is killed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import type { RunResult } from '../../src/journal/result.js'
import { assertEnded, main, runsIn, start, until } from './command.js'
import { long } from './scenarios.js'

/** Each of them starts a process. */
const origins = {
  'an origin that stops accepting': long.replace(
    'kind: origin',
    'kind: origin, capacity: { workers: 1, service_time: 1ms, queue: 2, when_full: stop_accepting }',
  ),
  'an origin that a fault may kill': long.replace('effect: reset, first: 1', 'effect: crash, match: { path: /never }'),
}

for (const [origin, scenario] of Object.entries(origins)) {
  for (const [signal, moment, code] of [
    ['SIGINT', 'while it starts', 130],
    ['SIGTERM', 'in its midst', 143],
  ] as const) {
    test(`${signal} to the whole group of ${origin}, ${moment}: interrupted, and nothing else`, async (t) => {
      const { cwd, pid, ended } = run(t, scenario)
      await until(() => (moment === 'while it starts' ? startedBy(pid) : requestsIn(cwd) > 1))
      process.kill(-pid, signal)
      assertEnded(t, await ended, code, 'Interrupted: closing the hops', '! long', 'interrupted before its end')
      const result: RunResult = JSON.parse(readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8'))
      t.match(result, { interrupted: true, scenarios: [{ reason: /^interrupted before its end$/ }] })
      t.notOk(runsIn(cwd), 'no process of it is left')
    })
  }

  test(`SIGKILL to the run of ${origin}, while it starts: nothing outlives it`, async (t) => {
    const { cwd, pid, ended } = run(t, scenario)
    await until(() => startedBy(pid))
    process.kill(pid, 'SIGKILL')
    t.match(await ended, { signal: 'SIGKILL', stderr: /^$/ })
    t.ok(await until(() => !runsIn(cwd)))
  })
}

/** Leads a group of its own, as what a shell runs on a terminal does. */
function run(t: Test, scenario: string) {
  const cwd = t.testdir({ 'long.yaml': scenario })
  const { child, ended } = start(process.execPath, [main, 'run', 'long.yaml'], { cwd, detached: true })
  t.teardown(() => child.kill('SIGKILL'))
  return { cwd, pid: child.pid!, ended }
}

/** Whether it has a child that runs a program of its own by now. */
function startedBy(pid: number): boolean {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return children.some((child) => !['', commandOf(pid)].includes(commandOf(child)))
  } catch {
    return false
  }
}

const commandOf = (pid: number | string): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8')

function requestsIn(cwd: string): number {
  const reports = join(cwd, 'reports')
  const [folder] = existsSync(reports) ? readdirSync(reports) : []
  const file = join(reports, `${folder}`, 'long.ndjson')
  return existsSync(file) ? readFileSync(file, 'utf8').split('"event":"request"').length - 1 : 0
}
