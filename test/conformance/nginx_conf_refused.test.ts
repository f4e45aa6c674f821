/**
 * Wrong nginx configurations, as somebody at the command line meets them: exit code 2, file, line and column, all
 * problems at once. Where it is a mistake for nginx as well, the real one is seen to refuse the file.
 */
import { test } from 'tap'
import { assertEnded, badgateway, commandLine } from '../cli/command.js'
import { needsNginx, refusalOf } from './nginx_program.js'

const SCENARIO = `id: own
title: A proxy with an nginx configuration
hops:
  app1: { kind: origin }
  app2: { kind: origin }
  lb: { kind: proxy, nginx: { file: nginx.conf, map: { "127.0.0.1:8081": app1, "127.0.0.1:8082": app2 } } }
clients:
  plain: { to: lb }
expect:
  - { client: plain, status: 200, count: "= 1" }
`

const PASSING = 'server { listen 8099; location / { proxy_pass http://g; } }'

const group = (...lines: string[]): string => `upstream g {\n${lines.join('\n')}\n}\n${PASSING}\n`

const BOTH = ['server 127.0.0.1:8081;', 'server 127.0.0.1:8082;']

interface Case {
  conf: string
  /** Every line that is told, without the name of the file. */
  says: string[]
  /** Words of nginx's own refusal; absent: it is no mistake for nginx. */
  nginx?: RegExp
}

const cases: Record<string, Case> = {
  'an unknown directive': {
    conf: group(...BOTH).replace('proxy_pass', 'proxy_pas'),
    says: [
      '1:1: nothing is passed on: no location of a server block has a proxy_pass',
      '5:36: unknown directive "proxy_pas", did you mean "proxy_pass"?',
    ],
    nginx: /unknown directive "proxy_pas" in nginx.conf:5/,
  },
  'one that is like none': {
    conf: `frobnicate on;\n${group(...BOTH)}`,
    says: ['1:1: unknown directive "frobnicate", nginx 1.22 does not know it either'],
    nginx: /unknown directive "frobnicate" in nginx.conf:1/,
  },
  'one that may not stand there': {
    conf: group(...BOTH, 'proxy_read_timeout 1s;'),
    says: ['4:1: "proxy_read_timeout" is not allowed in "upstream", it may stand in: http, server, location'],
    nginx: /"proxy_read_timeout" directive is not allowed here in nginx.conf:4/,
  },
  'hash with backup': {
    conf: group('hash $request_uri;', 'server 127.0.0.1:8081;', 'server 127.0.0.1:8082 backup;'),
    says: ['4:23: "hash" does not support the parameter "backup": nginx refuses it as well'],
    nginx: /balancing method does not support parameter "backup" in nginx.conf:4/,
  },
  'ip_hash with backup': {
    conf: group('ip_hash;', 'server 127.0.0.1:8081;', 'server 127.0.0.1:8082 backup;'),
    says: ['4:23: "ip_hash" does not support the parameter "backup": nginx refuses it as well'],
    nginx: /balancing method does not support parameter "backup" in nginx.conf:4/,
  },
  'random with backup': {
    conf: group('random two;', 'server 127.0.0.1:8081;', 'server 127.0.0.1:8082 backup;'),
    says: ['4:23: "random" does not support the parameter "backup": nginx refuses it as well'],
    nginx: /balancing method does not support parameter "backup" in nginx.conf:4/,
  },
  'a weight of zero': {
    conf: group('server 127.0.0.1:8081 weight=0;', 'server 127.0.0.1:8082;'),
    says: ['2:23: invalid parameter "weight=0": expected a whole number from 1'],
    nginx: /invalid parameter "weight=0" in nginx.conf:2/,
  },
  'a parameter with a slip': {
    conf: group('server 127.0.0.1:8081 max_fail=3;', 'server 127.0.0.1:8082 backup=1;'),
    says: [
      '2:23: invalid parameter "max_fail=3", did you mean "max_fails"?',
      '3:23: invalid parameter "backup=1": write backup',
    ],
    nginx: /invalid parameter "max_fail=3" in nginx.conf:2/,
  },
  'part of a second, where nginx counts whole ones': {
    conf: group('server 127.0.0.1:8081 fail_timeout=500ms;', 'server 127.0.0.1:8082;'),
    says: ['2:23: invalid parameter "fail_timeout=500ms": expected a time in whole seconds, such as 30s or 1m'],
    nginx: /invalid parameter "fail_timeout=500ms" in nginx.conf:2/,
  },
  'only backup servers': {
    conf: group('server 127.0.0.1:8081 backup;', 'server 127.0.0.1:8082 backup;'),
    says: ['1:1: upstream "g" has only backup servers: nginx wants one that is none'],
    nginx: /no servers in upstream "g" in nginx.conf:1/,
  },
  'an upstream without servers': {
    conf: `upstream empty {\n}\n${group(...BOTH)}`,
    says: ['1:1: no servers are inside upstream "empty"'],
    nginx: /no servers are inside upstream in nginx.conf:2/,
  },
  'an upstream that is there twice': {
    conf: `${group(...BOTH)}upstream g {\n  server 127.0.0.1:8081;\n}\n`,
    says: ['6:1: duplicate upstream "g": the first is in line 1'],
    nginx: /duplicate upstream "g" in nginx.conf:6/,
  },
  'an upstream that does not exist': {
    conf: group(...BOTH)
      .replace('upstream g', 'upstream backend')
      .replace('http://g', 'http://backnd'),
    says: ['5:47: the server "backnd" is not mapped to a hop: did you mean the upstream "backend"?'],
    nginx: /host not found in upstream "backnd" in nginx.conf:5/,
  },
  'a server that is not mapped': {
    conf: group(...BOTH, 'server 127.0.0.1:8083;'),
    says: ['4:8: the server "127.0.0.1:8083" is not mapped to a hop: map it to one of: app1, app2'],
  },
  'two servers on one hop': {
    conf: group(...BOTH, 'server 127.0.0.1:8081 backup;'),
    says: ['4:8: the hop "app1" stands for "127.0.0.1:8081" already: map one of them to another'],
  },
  'a missing semicolon': {
    conf: group('server 127.0.0.1:8081', 'server 127.0.0.1:8082;'),
    says: ['2:22: missing ";" after "server 127.0.0.1:8081"'],
    nginx: /invalid parameter "server" in nginx.conf:3/,
  },
  'a missing semicolon at the end of a block': {
    conf: group(...BOTH).replace('http://g;', 'http://g'),
    says: ['5:55: missing ";" after "proxy_pass http://g"'],
    nginx: /unexpected "}" in nginx.conf:5/,
  },
  'a missing closing brace': {
    conf: group(...BOTH).replace(/\}\n$/, '\n'),
    says: ['5:1: the block "server" that begins here has no closing "}"'],
    nginx: /unexpected end of file, expecting "}" in nginx.conf:7/,
  },
  'a missing closing brace in the middle': {
    conf: `upstream g {\n${BOTH.join('\n')}\n${PASSING}\n`,
    says: [
      '1:1: the block "upstream g" that begins here has no closing "}"',
      '1:1: nothing is passed on: it has no server block',
      '4:1: "server" takes no block here: a ";" is missing, or the "}" of "upstream" is missing',
      '4:1: expected a server, such as app.example.com:8080; got nothing',
    ],
    nginx: /directive "server" is not terminated by ";" in nginx.conf:4/,
  },
  'a closing brace too many': {
    conf: `${group(...BOTH)}}\n`,
    says: ['6:1: unexpected "}": no block is open here'],
    nginx: /unexpected "}" in nginx.conf/,
  },
  'a missing opening brace': {
    conf: group(...BOTH)
      .replace('location / {', 'location /;')
      .replace('; } }', '; }'),
    says: [
      '1:1: nothing is passed on: no location of a server block has a proxy_pass',
      '5:23: "location" has no opening "{"',
      '5:35: "proxy_pass" is not allowed in "server", it may stand in: location, if',
    ],
    nginx: /directive "location" has no opening "\{" in nginx.conf:5/,
  },
  'a quote that is not closed': {
    conf: group('hash "$uri;', ...BOTH),
    says: [
      '1:1: the block "upstream g" that begins here has no closing "}"',
      '1:1: no servers are inside upstream "g"',
      '1:1: nothing is passed on: it has no server block',
      '2:1: expected a key, such as: hash $request_uri;',
      '2:6: the quote that begins here (") is not closed',
    ],
    nginx: /unexpected end of file, expecting ";" or "}"/,
  },
  'a condition with a slip': {
    conf: group(...BOTH).replace('http://g;', 'http://g; proxy_next_upstream error http_520;'),
    says: ['5:83: invalid value "http_520", did you mean "http_502"?'],
    nginx: /invalid value "http_520" in nginx.conf:5/,
  },
  'a time that is none': {
    conf: group(...BOTH).replace('http://g;', 'http://g; proxy_read_timeout 5x;'),
    says: ['5:76: invalid value "5x": expected a time, such as 500ms, 30s or 1h30m'],
    nginx: /"proxy_read_timeout" directive invalid value in nginx.conf:5/,
  },
  'a setting that is there twice': {
    conf: group(...BOTH).replace('http://g;', 'http://g; proxy_read_timeout 5s; proxy_read_timeout 6s;'),
    says: ['5:80: "proxy_read_timeout" directive is duplicate'],
    nginx: /"proxy_read_timeout" directive is duplicate in nginx.conf:5/,
  },
  'no events': {
    conf: `http {\n${group(...BOTH)}}\n`,
    says: ['1:1: no "events" section in configuration: nginx refuses it as well'],
    nginx: /no "events" section in configuration/,
  },
  'no file to include': {
    conf: `include gone.conf;\n${group(...BOTH)}`,
    says: ['1:1: can\'t include "gone.conf": no such file'],
    nginx: /open\(\) ".*gone.conf" failed \(2: No such file or directory\) in nginx.conf:1/,
  },
  'many mistakes at once': {
    conf: group('server 127.0.0.1:8081 weight=0', 'keepalive 0;', 'srver 127.0.0.1:8082;'),
    says: [
      '2:23: invalid parameter "weight=0": expected a whole number from 1',
      '2:31: missing ";" after "server 127.0.0.1:8081 weight=0"',
      '3:1: invalid value "0" in "keepalive": expected at least 1',
      '4:1: unknown directive "srver", did you mean "server"?',
    ],
    nginx: /invalid parameter "weight=0" in nginx.conf/,
  },
}

for (const [name, { conf, says, nginx }] of Object.entries(cases)) {
  test(name, async (t) => {
    const cwd = t.testdir({ 'own.yaml': SCENARIO, 'nginx.conf': conf })
    const ended = await commandLine(['validate', 'own.yaml'], { cwd })
    const lines = ended.stderr
      .split('\n')
      .filter((line) => line.startsWith('nginx.conf:') && !line.includes(': note: '))
    t.strictSame(
      lines.map((line) => line.slice('nginx.conf:'.length)),
      says,
    )
    assertEnded(t, ended, 2)
    t.equal(ended.stdout, '')
    if (!needsNginx(t)) return
    const refusal = refusalOf(t, conf)
    if (nginx) t.match(refusal, nginx, 'nginx refuses it')
    else t.equal(refusal, undefined, 'nginx accepts it')
  })
}

test('a file that does not exist, and a map that names nothing', async (t) => {
  const scenario = SCENARIO.replace('file: nginx.conf', 'file: ngnix.conf').replace(': app2 }', ': app3, x: app1 }')
  const ended = await commandLine(['validate', 'own.yaml'], { cwd: t.testdir({ 'own.yaml': scenario }) })
  assertEnded(t, ended, 2)
  t.strictSame(ended.stderr.trimEnd().split('\n'), [
    'own.yaml:6:37: hops.lb.nginx.file: "ngnix.conf" can\'t be read: no such file',
    'own.yaml:6:98: hops.lb.nginx.map.127.0.0.1:8082: unknown hop "app3", did you mean "app1"?',
    '',
    '2 problems.',
  ])
})

test('keys that come from the file, and hosts that are not in it', async (t) => {
  const scenario = SCENARIO.replace('kind: proxy,', 'kind: proxy, to: [app1], tries: 2,').replace('8082"', '8028"')
  const cwd = t.testdir({ 'own.yaml': scenario, 'nginx.conf': group(...BOTH) })
  const ended = await commandLine(['validate', 'own.yaml'], { cwd })
  assertEnded(t, ended, 2)
  t.strictSame(ended.stderr.trimEnd().split('\n'), [
    'own.yaml:6:22: hops.lb.to: "to" comes from the nginx configuration here',
    'own.yaml:6:34: hops.lb.tries: "tries" comes from the nginx configuration here',
    'own.yaml:6:102: hops.lb.nginx.map.127.0.0.1:8028: the nginx configuration has no server "127.0.0.1:8028", did you mean "127.0.0.1:8082"?',
    'nginx.conf:3:8: the server "127.0.0.1:8082" is not mapped to a hop: map it to one of: app1, app2',
    '',
    '4 problems.',
  ])
})

test('a configuration in the scenario file itself', async (t) => {
  const scenario = SCENARIO.replace(
    /lb: .*/,
    'lb:\n    kind: proxy\n    nginx:\n      config: |\n        server {\n          locaton / { proxy_pass http://app1; }\n        }',
  )
  const ended = await badgateway(['validate', 'own.yaml'], { cwd: t.testdir({ 'own.yaml': scenario }) })
  const here = 'own.yaml:9:15: hops.lb.nginx.config:'
  assertEnded(t, ended, 2, `${here} line 2, column 3 of it: unknown directive "locaton", did you mean "location"?`)
})

test('on the command line', async (t) => {
  const cwd = t.testdir({ 'own.yaml': SCENARIO, 'other.conf': group(...BOTH) })
  const table: [args: string[], says: string | RegExp][] = [
    [['--map', 'a=app1'], '--map is for a --proxy-config: say which file'],
    [['--proxy-config', 'other.conf', '--map', 'app1'], 'Expected a host and a hop, such as app.example.com=app.'],
    [['--proxy-config', 'othr.conf'], '--proxy-config: "othr.conf" can\'t be read: no such file'],
    [
      ['--proxy-config', 'other.conf', '--map', '127.0.0.1:8081=app', '--map', '127.0.0.1:8082=app2'],
      '--map 127.0.0.1:8081: unknown hop "app", did you mean "app1"?',
    ],
    [
      ['--proxy-config', 'other.conf', '--map', '127.0.0.1=app1', '--map', 'x.example.com=app2'],
      'other.conf:3:8: the hop "app1" stands for "127.0.0.1:8081" already: map one of them to another',
    ],
    [
      ['--proxy-config', 'other.conf', '--map', 'x.example.com=app2'],
      '--map x.example.com: the nginx configuration has no server "x.example.com", nothing there has that name',
    ],
  ]
  for (const [args, says] of table) {
    const ended = await commandLine(['run', 'own.yaml', ...args], { cwd })
    assertEnded(t, ended, 2, says)
  }
})
