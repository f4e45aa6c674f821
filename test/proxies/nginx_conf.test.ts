/** An nginx configuration as the settings of a hop: values, defaults, and what is passed over. */
import fc from 'fast-check'
import { test } from 'tap'
import { placeIn } from '../../src/proxies/nginx_conf/tokens.js'
import { parseTimeMs, parseTimeSeconds } from '../../src/proxies/nginx_conf/values.js'
import { hopKinds } from '../../src/scenario/hops.js'
import { confOf, group, HOSTS, TUTORIAL, understand } from './confs.js'

test('the configuration of the tutorial, as it stands', async (t) => {
  const { settings, problems, notes } = understand(TUTORIAL)
  t.strictSame(problems, [])
  t.strictSame(notes, [
    '8:1: the mini proxy speaks HTTP/1.1 to it, where nginx speaks HTTP/1.0 without proxy_http_version 1.1',
  ])
  const hop = hopKinds.proxy.schema.parse({ kind: 'proxy', ...settings })
  t.match(hop, {
    dialect: 'nginx',
    balance: { type: 'round_robin' },
    to: [
      { hop: 'app1', scheme: 'http', weight: 1, max_fails: 3, fail_timeout: 30_000, backup: false },
      { hop: 'app2', scheme: 'http', weight: 1, max_fails: 3, fail_timeout: 30_000, backup: false },
      { hop: 'spare', scheme: 'http', weight: 1, max_fails: 1, fail_timeout: 10_000, backup: true },
    ],
    timeouts: { connect: 5000, send: 60_000, read: 60_000 },
    next_upstream: ['error', 'timeout', 'http_502', 'http_503'],
    tries: 0,
    next_upstream_timeout: undefined,
    keepalive: { connections: 0 },
    upstream_tls: { verify: false },
  })
})

const settings: [what: string, text: string, expected: object][] = [
  [
    "nginx's own defaults",
    'server { location / { proxy_pass http://a:8080; } }',
    {
      to: [{ hop: 'a', weight: 1, max_fails: 1, fail_timeout: '10000ms', max_conns: 0 }],
      next_upstream: ['error', 'timeout'],
      timeouts: { connect: '60000ms', send: '60000ms', read: '60000ms', reply: '60000ms' },
      tries: 0,
      keepalive: { connections: 0 },
    },
  ],
  [
    'everything a server can be told',
    group('server a:1 weight=5 max_conns=7 max_fails=0 fail_timeout=1m down; server b:2 backup;'),
    {
      to: [
        { hop: 'a', weight: 5, max_conns: 7, max_fails: 0, fail_timeout: '60000ms', down: true, backup: false },
        { hop: 'b', backup: true, down: false },
      ],
    },
  ],
  ['least_conn', group('least_conn; server a;'), { balance: { type: 'least_conn' } }],
  ['ip_hash', group('ip_hash; server a;'), { balance: { type: 'ip_hash' } }],
  ['hash', group('hash $request_uri; server a;'), { balance: { type: 'hash', key: '$request_uri' } }],
  [
    'hash consistent',
    group('hash "$arg_id-$host" consistent; server a;'),
    { balance: { type: 'consistent_hash', key: '$arg_id-$host' } },
  ],
  ['random', group('random; server a;'), { balance: { type: 'random' } }],
  ['random two', group('random two; server a;'), { balance: { type: 'random_two' } }],
  ['random two least_conn', group('random two least_conn; server a;'), { balance: { type: 'random_two' } }],
  [
    'the method that was named last counts',
    group('ip_hash; least_conn; server a;'),
    { balance: { type: 'least_conn' } },
  ],
  [
    'keepalive, where nginx can keep anything',
    group('server a; keepalive 16; keepalive_requests 9; keepalive_timeout 5s;', 'proxy_set_header Connection "";'),
    { keepalive: { connections: 16, requests: 9, idle: '5000ms' } },
  ],
  ['keepalive, where it says Connection: close', group('server a; keepalive 16;'), { keepalive: { connections: 0 } }],
  [
    'keepalive before the balancing method is lost',
    group('keepalive 16; least_conn; server a;', 'proxy_set_header Connection "";'),
    { keepalive: { connections: 0 }, balance: { type: 'least_conn' } },
  ],
  ['next_upstream off', group('server a;', 'proxy_next_upstream off;'), { next_upstream: 'off' }],
  ['off beside others', group('server a;', 'proxy_next_upstream error off;'), { next_upstream: 'off' }],
  [
    'tries and their time',
    group('server a;', 'proxy_next_upstream_tries 2; proxy_next_upstream_timeout 1m30s;'),
    { tries: 2, next_upstream_timeout: '90000ms' },
  ],
  [
    'the inner block counts',
    `proxy_read_timeout 1s; proxy_connect_timeout 1s; proxy_send_timeout 1s;
     server { proxy_read_timeout 2s; proxy_connect_timeout 2s;
       location / { proxy_read_timeout 500ms; proxy_pass http://a; } }`,
    { timeouts: { read: '500ms', connect: '2000ms', send: '1000ms' } },
  ],
  [
    'TLS to upstreams',
    `server { location / { proxy_pass https://a; proxy_ssl_verify on; proxy_ssl_name a.example.com;
       proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.2; proxy_ssl_certificate c.pem;
       proxy_ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256; } }`,
    {
      to: [{ hop: 'a', scheme: 'https' }],
      upstream_tls: {
        verify: true,
        server_name: 'a.example.com',
        min_version: 'TLSv1.2',
        max_version: 'TLSv1.2',
        client_certificate: true,
        ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'],
      },
    },
  ],
  [
    'a name in a variable, and the resolver that is asked for it',
    'resolver 10.0.0.2; resolver_timeout 12s; server { set $to a.test; location / { proxy_pass http://$to:80$request_uri; } }',
    { to: [{ hop: 'a' }], resolver: { timeout: '5000ms', tries: 3 } },
  ],
  ['a hop by its name in DNS', 'server { location / { proxy_pass http://b.test; } }', { to: [{ hop: 'b' }] }],
  [
    'the location that takes every path',
    'server { location /api/ { proxy_pass http://a; } location / { proxy_pass http://b; } }',
    { to: [{ hop: 'b' }] },
  ],
  [
    'the first server block that passes requests on',
    'server { location / { return 204; } } server { location / { proxy_pass http://b; } } server { location / { proxy_pass http://c; } }',
    { to: [{ hop: 'b' }] },
  ],
]

for (const [what, text, expected] of settings) {
  test(what, async (t) => {
    const { settings, problems } = understand(text)
    t.strictSame(problems, [])
    t.match(settings, expected)
    t.doesNotThrow(() => hopKinds.proxy.schema.parse({ kind: 'proxy', ...settings }), 'a hop takes it')
  })
}

test('a server_name that is mapped to the proxy says which server block answers', async (t) => {
  const text = `server { server_name one.example.com; location / { proxy_pass http://a; } }
server { server_name two.example.com; location / { proxy_pass http://b; } }`
  const { settings, notes } = understand(text, { ...HOSTS, map: { 'two.example.com': 'lb' } })
  t.match(settings, { to: [{ hop: 'b' }] })
  t.match(notes, [/^1:1: /, /^2:1: this server block answers, not that of line 1/].slice(1))
})

test('servers of one host are told apart by their ports', async (t) => {
  const map = { '127.0.0.1:8081': 'a', '127.0.0.1:8082': 'b', 'unix:/run/app.sock': 'c', '127.0.0.1': 'app1' }
  const text = group('server 127.0.0.1:8082; server 127.0.0.1:8081; server unix:/run/app.sock; server 127.0.0.1:9000;')
  const { settings } = understand(text, { ...HOSTS, map })
  t.match(settings, { to: [{ hop: 'b' }, { hop: 'a' }, { hop: 'c' }, { hop: 'app1' }] })
})

test('what is not understood is listed, with its place', async (t) => {
  const text = `gzip on;
upstream g {
  zone g 64k;
  hash $uid_got;
  server a slow_start=30s;
  server b resolve;
  sticky cookie id;
}
server {
  listen 80;
  server_name x;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header Host $host;
  location / {
    proxy_pass http://g/base;
    proxy_buffering off;
    if ($args) { return 403; }
  }
  location = /health { return 200; }
}
`
  const { settings, problems, notes } = understand(text)
  t.strictSame(problems, [])
  t.match(settings, { balance: { type: 'round_robin' }, to: [{ hop: 'a', slow_start: '30000ms' }, { hop: 'b' }] })
  const mini = 'not understood by the mini proxy'
  t.match(notes, [
    `1:1: ${mini}: gzip`,
    new RegExp(`^4:3: ${mini} \\(unknown variable "\\$uid_got", .*\\): it goes round robin$`),
    '5:3: "slow_start" is of the commercial nginx: nginx 1.22 refuses it',
    '6:3: "resolve" is of nginx 1.27.3 and the commercial nginx: nginx 1.22 refuses it; it has no effect here',
    `7:3: ${mini}: sticky (of nginx 1.29.6 and the commercial nginx)`,
    `12:3: ${mini}, which sends X-Real-IP as the client did`,
    '15:5: the mini proxy speaks HTTP/1.1 to it, where nginx speaks HTTP/1.0 without proxy_http_version 1.1',
    `15:5: ${mini}: it leaves the path as it is ("/base")`,
    `16:5: ${mini}: proxy_buffering`,
    `17:5: ${mini}: if`,
    `17:18: ${mini}: return`,
    `19:3: ${mini}: it goes by "location /" for every path, not "= /health"`,
    `19:24: ${mini}: return`,
  ])
  t.equal(notes.length, 13)
})

test('times as nginx reads them', async (t) => {
  const table: [text: string, ms: number | undefined, seconds: number | undefined][] = [
    ['30s', 30_000, 30],
    ['30', 30_000, 30],
    ['1m', 60_000, 60],
    ['500ms', 500, undefined],
    ['1h30m', 5_400_000, 5400],
    ['1d 2h', 93_600_000, 93_600],
    ['1s500ms', 1500, undefined],
    ['0', 0, 0],
    ['1y', undefined, 31_536_000],
    ['1M', undefined, 2_592_000],
    ['30m1h', undefined, undefined],
    ['1s1s', undefined, undefined],
    ['5x', undefined, undefined],
    ['', undefined, undefined],
    ['-1', undefined, undefined],
    ['1.5s', undefined, undefined],
  ]
  for (const [text, ms, seconds] of table) {
    t.equal(parseTimeMs(text), ms, `"${text}" in milliseconds`)
    t.equal(parseTimeSeconds(text), seconds, `"${text}" in seconds`)
  }
})

test('quotes, escapes, comments and variables', async (t) => {
  const text = `a "x y" "it's" \\"q\\" \${v}z "a;b{c}" #no comment;\n;b{c d;e;}# }\nf x#y;`
  const { directives } = confOf(text)
  t.same(
    directives.map(({ name, args, block }) => [name, args.map((word) => word.text), block?.map((one) => one.name)]),
    [
      ['a', ['x y', "it's", '"q"', `\${v}z`, 'a;b{c}'], undefined],
      ['b', [], ['c', 'e']],
      ['f', ['x#y'], undefined],
    ],
  )
  for (const { name, start } of directives) t.equal(text.slice(start, start + 1), name)
  t.strictSame(placeIn('ab\ncd', 4), { line: 2, column: 2 })
})

test('an included file stands in the place of its include, with places of its own', async (t) => {
  const include = (pattern: string) =>
    pattern === 'conf.d/*.conf'
      ? [{ file: 'conf.d/up.conf', text: 'upstream g {\n  server nowhere;\n}' }]
      : 'no such file'
  const text = 'include conf.d/*.conf;\ninclude gone.conf;\nserver { location / { proxy_pass http://g; } }'
  t.strictSame(understand(text, HOSTS, include).problems, [
    '2:1: can\'t include "gone.conf": no such file',
    'conf.d/up.conf:2:10: the server "nowhere" is not mapped to a hop: map it to one of: a, b, c, app1, app2, spare',
  ])
})

test('whatever stands in a file, it is settings or problems', async (t) => {
  const piece = fc.constantFrom(
    ...'upstream server location proxy_pass listen keepalive hash random set include if events http'.split(' '),
    ...['{', '}', ';', ' ', '\n', '"', "'", '\\', '$', '#', '/', 'a:1', 'http://a', 'weight=1', 'backup', '1s', 'on'],
  )
  const text = fc
    .array(fc.oneof(piece, piece, fc.string({ maxLength: 3 })), { maxLength: 40 })
    .map((all) => all.join(' '))
  fc.assert(
    fc.property(text, (conf) => {
      const { settings, problems } = understand(conf)
      return problems.length > 0 || hopKinds.proxy.schema.safeParse({ kind: 'proxy', ...settings }).success
    }),
    { numRuns: 3000, seed: 4 },
  )
  t.pass()
})
