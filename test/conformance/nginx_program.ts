/** The real nginx for tests: whether it is here, and what it says of a configuration. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { lacks } from '../cli/command.js'

export const hasNginx = (): boolean => spawnSync('nginx', ['-v']).status === 0

/** False: the test is skipped, or failed where nothing may be skipped. */
export function needsNginx(t: Test): boolean {
  if (hasNginx()) return true
  lacks(t, 'nginx is missing: apt-get install nginx-light')
  return false
}

/** What `nginx -t` says of a whole file, or of what stands in its http block; undefined when it accepts it. */
export function refusalOf(t: Test, conf: string): string | undefined {
  const whole = /^\s*(http|events)\s*\{/m.test(conf)
  const folder = t.testdir({ 'nginx.conf': '' })
  const file = join(folder, 'nginx.conf')
  // On one line with the first of the file, so that its lines keep their numbers.
  writeFileSync(file, whole ? conf : `events {} http { ${conf}\n}`)
  const { status, stderr } = spawnSync('nginx', [
    '-t',
    '-e',
    'stderr',
    '-p',
    folder,
    '-c',
    file,
    '-g',
    `pid ${folder}/pid;`,
  ])
  if (status === 0) return undefined
  return stderr.toString().replaceAll(file, 'nginx.conf')
}
