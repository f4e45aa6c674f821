/** What a program printed is heard to its end, also by a loop that stood still meanwhile. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { startGroup } from '../../../src/clients/program/group.js'

t.test('a loop that stands still longer than it lingers hears what was printed meanwhile', async (t) => {
  const folder = t.testdir()
  const [left, done] = [join(folder, 'left'), join(folder, 'done')]
  const when = (file: string) => `until [ -e ${file} ]; do sleep 0.05; done`
  const late = `: >${left}; sleep 0.1; echo late; : >${done}`
  const { kill } = process
  t.teardown(() => Object.assign(process, { kill }))
  // The group is killed when its program has ended: then what left it is still to print.
  process.kill = (pid, signal) => {
    process.kill = kill
    setImmediate(() => execFileSync('/bin/sh', ['-c', `${when(done)}; sleep 1`]))
    return kill.call(process, pid, signal)
  }
  const group = startGroup(
    '/bin/sh',
    ['-c', `echo early; setsid sh -c '${late}' & ${when(left)}; exit 7`],
    process.env as Record<string, string>,
  )
  t.match(await group.ended, { code: 7, stdout: 'early\nlate\n', lostBytes: 0 })
  t.equal(process.kill, kill, 'it stood still')
})
