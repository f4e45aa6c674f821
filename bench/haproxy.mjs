/** HAProxy as a proxy in front of the origin, in a process of its own; undefined where it is not installed. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { awaitAnswer, freePort } from './nginx.mjs'

export async function startHaproxy(folder, originPort) {
  let version
  try {
    version = /version ([\d.]+)/.exec(execFileSync('haproxy', ['-v'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
  const port = await freePort()
  const own = join(folder, 'haproxy')
  mkdirSync(own)
  const file = join(own, 'haproxy.cfg')
  // One thread, as nginx has one worker; connections to the server are kept and shared as by nginx's keepalive.
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend proxy
  bind 127.0.0.1:${port}
  default_backend app
backend app
  server app 127.0.0.1:${originPort} pool-max-conn 128
`,
  )
  const child = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: 'ignore' })
  await awaitAnswer(port, 'HAProxy')
  return { child, version, port }
}
