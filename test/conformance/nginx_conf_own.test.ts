/** A user's own configuration in the real nginx, from the command line: --proxy nginx --proxy-config F --map host=hop. */
import { test } from 'tap'
import { assertEnded, badgateway } from '../cli/command.js'
import { TUTORIAL } from '../proxies/confs.js'
import { needsNginx } from './nginx_program.js'

const SCENARIO = `id: own
title: Two servers
hops:
  app1: { kind: origin }
  app2: { kind: origin }
  spare: { kind: origin }
  lb: { kind: proxy, to: [spare, app2, app1] }
clients:
  plain: { to: lb, load: { requests: 8 } }
expect:
  - { client: plain, status: 200, count: "= 8" }
  - { proxy: lb, server: app1, tries: "= 6" }
  - { proxy: lb, server: app2, tries: "= 2" }
  - { proxy: lb, server: spare, tries: "= 0" }
`

const WHOLE = `user nobody;
worker_processes 4;
pid /nowhere/nginx.pid;
error_log /nowhere/error.log;
events {
  worker_connections 64;
}
http {
  include types.conf;
  include conf.d/*.conf;
  access_log /nowhere/access.log;
  client_body_temp_path /nowhere/body;
  server {
    listen 80 default_server;
    listen [::]:80 default_server ipv6only=on;
    server_name old.example.com;
    location / {
      proxy_pass http://gone.example.com;
    }
  }
  server {
    listen 80;
    server_name www.example.com;
    access_log off;
    location / {
      proxy_pass http://pool;
      add_header X-From "user's own";
    }
  }
}
`

const POOL = `upstream pool {
  server one.example.com:8080 weight=3;
  server two.example.com:8080;
  server three.example.com backup;
}
`

const FILES = {
  'own.yaml': SCENARIO,
  'etc/nginx.conf': WHOLE,
  'etc/types.conf': 'types { text/html html; }\n',
  'etc/conf.d/pool.conf': POOL,
}

const files = (more: Record<string, string> = {}) => {
  const all = { ...FILES, ...more }
  return {
    'own.yaml': all['own.yaml'],
    etc: {
      'nginx.conf': all['etc/nginx.conf'],
      'types.conf': all['etc/types.conf'],
      'conf.d': { 'pool.conf': all['etc/conf.d/pool.conf'] },
    },
  }
}

const mapped = (...pairs: string[]): string[] => pairs.flatMap((pair) => ['--map', pair])
const SERVERS = mapped('one.example.com=app1', 'two.example.com:8080=app2', 'three.example.com=spare')
const RUN = ['run', 'own.yaml', '--proxy-config', 'etc/nginx.conf', '--map', 'www.example.com=lb', ...SERVERS]

test('a whole nginx.conf with includes and several server blocks', async (t) => {
  if (!needsNginx(t)) return
  const ended = await badgateway([...RUN, '--proxy', 'nginx', '--no-skip'], { cwd: t.testdir(files()) })
  assertEnded(t, ended, 0, '1 passed', /proxy nginx 1\./)
  const lines = ended.stderr.split('\n')
  t.strictSame(lines.slice(0, 2), ['--- etc/nginx.conf', '+++ etc/nginx.conf (as it runs)'])
  for (const wanted of [
    '-pid /nowhere/nginx.pid;',
    '-worker_processes 4;',
    '+worker_processes 1;',
    '-  access_log /nowhere/access.log;',
    '-    access_log off;',
    '-      proxy_pass http://gone.example.com;',
    '+      proxy_pass http://127.0.0.1:9;',
    '-  include conf.d/*.conf;',
    '+  # include conf.d/*.conf;',
    '+  server two.example.com:8080;',
  ]) {
    const said = lines.some((line) => line.startsWith(wanted))
    if (wanted.includes('two.example.com')) t.notOk(said, `not: ${wanted}`)
    else t.ok(said, wanted)
  }
  t.match(ended.stderr, /^\+ {2}server 127\.0\.0\.1:\d+ weight=3;$/m)
  t.match(ended.stderr, /^\+ {4}listen 127\.0\.0\.1:\d+;$/m)
  t.notMatch(ended.stderr, /^[-+].*(proxy_pass http:\/\/pool|add_header)/m, 'nothing else is touched')
})

test('the mini proxy takes the same file', async (t) => {
  const ended = await badgateway(RUN, { cwd: t.testdir(files()) })
  assertEnded(t, ended, 0, '1 passed', 'etc/nginx.conf:27:7: note: not understood by the mini proxy: add_header')
  t.match(ended.stderr, /etc\/nginx\.conf:21:3: note: this server block answers, not that of line 13/)
})

test('without a server_name that is mapped to the proxy the first server block answers', async (t) => {
  const args = RUN.filter((word, index) => !(word.includes('=lb') || RUN[index + 1]?.includes('=lb')))
  const ended = await badgateway([...args, '--map', 'gone.example.com=app1'], { cwd: t.testdir(files()) })
  assertEnded(t, ended, 2, 'no client reaches the hop "app2"', 'no client reaches the hop "spare"')
})

test('a mistake that only nginx finds is told in its own words', async (t) => {
  if (!needsNginx(t)) return
  const wrong = WHOLE.replace('include types.conf;', 'gzip maybe;')
  const cwd = t.testdir(files({ 'etc/nginx.conf': wrong }))
  const ended = await badgateway([...RUN, '--proxy', 'nginx'], { cwd })
  assertEnded(t, ended, 3, 'did not start for hop "lb"', 'invalid value "maybe" in "gzip" directive')
})

test('what the rig can not run is told before anything starts, or in the place of a result', async (t) => {
  if (!needsNginx(t)) return
  const tls = WHOLE.replace('    listen 80;\n    server_name www', '    listen 443 ssl;\n    server_name www')
  const cwd = t.testdir(files({ 'etc/nginx.conf': tls }))
  const ended = await badgateway([...RUN, '--proxy', 'nginx'], { cwd })
  assertEnded(t, ended, 3, 'the server block that answers speaks TLS only: here it needs a plain listen')
})

test('the tutorial on the command line, in both proxies', async (t) => {
  const hosts = mapped('backend1.example.com=app1', 'backend2.example.com=app2', 'backend3.example.com=spare')
  const scenario = SCENARIO.replace('"= 6"', '"= 4"').replace('"= 2"', '"= 4"')
  const cwd = t.testdir({ 'own.yaml': scenario, 'tutorial.conf': TUTORIAL })
  const args = ['run', 'own.yaml', '--proxy-config', 'tutorial.conf', ...hosts]
  assertEnded(t, await badgateway(args, { cwd }), 0, '1 passed')
  if (!needsNginx(t)) return
  assertEnded(t, await badgateway([...args, '--proxy', 'nginx', '--no-skip'], { cwd }), 0, '1 passed')
})
