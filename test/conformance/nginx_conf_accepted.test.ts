/** Over random configurations, right and wrong: nginx accepts just those in which no problem is found. */
import { test } from 'tap'
import { chanceFrom } from '../../src/lib/random.js'
import { confOf, linesOf } from '../proxies/confs.js'
import { needsNginx, refusalOf } from './nginx_program.js'

const UPSTREAM = [
  ...['least_conn', 'ip_hash', 'hash $uri', 'hash $uri consistent', 'random', 'random two least_conn', 'random three'],
  ...['keepalive 4', 'keepalive 0', 'keepalive x', 'keepalive_requests 10', 'keepalive_timeout 1m', 'zone z 64k'],
]
const PARAMETERS = [
  ...['weight=2', 'weight=0', 'weight=x', 'max_fails=0', 'max_fails=2', 'max_fails=-1', 'max_conns=3', 'foo'],
  ...['fail_timeout=10s', 'fail_timeout=1h30m', 'fail_timeout=30m1h', 'fail_timeout=500ms', 'fail_timeout=10'],
  ...['backup', 'backup', 'down', 'down', 'backup=1', 'fail_timeout='],
]
const LOCATION = [
  ...['proxy_connect_timeout 5s', 'proxy_read_timeout 500ms', 'proxy_read_timeout 1s1m', 'proxy_read_timeout 1d 2h'],
  ...['proxy_send_timeout "1h 5m"', 'proxy_read_timeout 1w2d3h4m5s6ms', 'proxy_read_timeout 1y', 'send_timeout 5s'],
  ...['proxy_next_upstream error timeout http_502', 'proxy_next_upstream off', 'proxy_next_upstream http_501'],
  ...['proxy_next_upstream_tries 2', 'proxy_next_upstream_tries x', 'proxy_next_upstream updating', 'gzip on'],
  ...['proxy_http_version 1.1', 'proxy_http_version 2', 'proxy_set_header Connection ""', 'proxy_set_header X'],
  ...['proxy_ssl_verify maybe', 'proxy_ssl_server_name on', 'set $x 1', 'set x 1', 'proxy_pass http://pool'],
]

test('nginx accepts what is accepted here, and refuses the rest', async (t) => {
  if (!needsNginx(t)) return
  const draw = chanceFrom(11).stream('configurations')
  const below = (n: number): number => Math.floor(draw() * n)
  const some = (words: readonly string[], most: number): string[] =>
    Array.from({ length: below(most + 1) }, () => words[below(words.length)]!)
  let accepted = 0
  for (let n = 0; n < 150; n++) {
    const lines = Array.from({ length: 1 + below(3) }, (_, k) =>
      [`server 127.0.0.1:${8081 + k}`, ...some(PARAMETERS, 1)].join(' '),
    )
    for (const one of some(UPSTREAM, 2)) lines.splice(below(lines.length + 1), 0, one)
    const location = [...some(LOCATION, 1), 'proxy_pass http://pool'].map((line) => `${line};\n`).join('')
    const conf = `upstream pool {\n${lines.map((line) => `${line};\n`).join('')}}\nserver { listen 8099; location / {\n${location}} }\n`
    const problems = linesOf(confOf(conf).findings, 'problems')
    const refusal = refusalOf(t, conf)
    if (refusal === undefined) accepted++
    t.equal(refusal === undefined, problems.length === 0, `${n}: ${problems.join('; ') || 'no problem'}`) ||
      t.comment(`${conf}\n${refusal}`)
  }
  t.ok(accepted > 30 && accepted < 120, `${accepted} of 150 were accepted`)
})
