/** A user's own configuration for the real nginx: what is another text then, and that everything else is not. */
import { diffLines } from 'diff'
import { test } from 'tap'
import type { Include } from '../../src/proxies/nginx_conf/read.js'
import { rewriteConf } from '../../src/proxies/nginx_conf/rewrite.js'
import { confOf, HOSTS, linesOf, nothingBeside, TUTORIAL } from './confs.js'

const ADDRESSES: Record<string, string> = {
  app1: '127.0.0.1:40001',
  app2: '127.0.0.1:40002',
  spare: 'unix:/run/spare.sock',
}

const PLACES = {
  port: 40000,
  folder: '/run/rig',
  beside: '/etc/own',
  addressOf: (hop: string) => ADDRESSES[hop],
  mainLines: ['daemon off;', 'pid /run/rig/nginx.pid;', 'error_log /run/rig/nginx.log info;'],
  httpLines: ['access_log /run/rig/nginx.log badgateway;', 'server {', '  listen 127.0.0.1:40009;', '}'],
}

function rewritten(text: string, map = HOSTS.map, include: Include = nothingBeside) {
  const conf = confOf(text, include)
  const after = rewriteConf(conf, { ...HOSTS, map }, PLACES)
  return { after, problems: linesOf(conf.findings, 'problems'), notes: linesOf(conf.findings, 'notes') }
}

/** The lines that went and came, `-` and `+` in front. */
const changes = (before: string, after: string | undefined): string[] =>
  diffLines(before, after ?? '').flatMap(({ added, removed, value }) =>
    added || removed
      ? value
          .trimEnd()
          .split('\n')
          .map((line) => `${added ? '+' : '-'}${line}`)
      : [],
  )

test('the file of the tutorial is wrapped, and nothing but addresses changes in it', async (t) => {
  const { after, problems } = rewritten(TUTORIAL)
  t.strictSame(problems, [])
  t.strictSame(changes(TUTORIAL, after), [
    '+daemon off;',
    '+pid /run/rig/nginx.pid;',
    '+error_log /run/rig/nginx.log info;',
    '+events { worker_connections 8192; }',
    '+http {',
    '+    access_log /run/rig/nginx.log badgateway;',
    '+    server {',
    '+      listen 127.0.0.1:40009;',
    '+    }',
    '-server backend1.example.com:8080 max_fails=3 fail_timeout=30s;',
    '-server backend2.example.com:8080 max_fails=3 fail_timeout=30s;',
    '-server backend3.example.com:8080 backup;',
    '+server 127.0.0.1:40001 max_fails=3 fail_timeout=30s;',
    '+server 127.0.0.1:40002 max_fails=3 fail_timeout=30s;',
    '+server unix:/run/spare.sock backup;',
    '+    listen 127.0.0.1:40000;',
    '+}',
  ])
})

const WHOLE = `user www-data;
worker_processes auto;
pid /run/nginx.pid; # where Debian has it
error_log /var/log/nginx/error.log;
events { worker_connections 768; }

http {
\tsendfile on;   gzip   on;
\taccess_log /var/log/nginx/access.log;
\tproxy_cache_path /var/cache/nginx keys_zone=c:1m;

\tserver {
\t\tlisten 80 default_server;
\t\tlisten [::]:80 default_server ipv6only=on;
\t\tserver_name old.example.com;
\t\treturn 301 https://www.example.com$request_uri;
\t}
\tserver {
\t\tlisten 443 ssl http2;
\t\tlisten 80;
\t\tserver_name www.example.com;
\t\tssl_certificate certs/www.pem;
\t\taccess_log off;
\t\tlocation / { proxy_pass http://backend1.example.com:8080/app/; }
\t\tlocation /other { proxy_pass http://elsewhere.example.com; }
\t}
}
`

test('a whole nginx.conf keeps its own form', async (t) => {
  const { after, problems, notes } = rewritten(WHOLE)
  t.strictSame(problems, [])
  t.strictSame(changes(WHOLE, after), [
    '+daemon off;',
    '+pid /run/rig/nginx.pid;',
    '+error_log /run/rig/nginx.log info;',
    '-pid /run/nginx.pid; # where Debian has it',
    '-error_log /var/log/nginx/error.log;',
    '+ # where Debian has it',
    '+    access_log /run/rig/nginx.log badgateway;',
    '+    server {',
    '+      listen 127.0.0.1:40009;',
    '+    }',
    '-\taccess_log /var/log/nginx/access.log;',
    '-\tproxy_cache_path /var/cache/nginx keys_zone=c:1m;',
    '+\tproxy_cache_path /run/rig/cache-1 keys_zone=c:1m;',
    '-\t\tlisten 80 default_server;',
    '-\t\tlisten [::]:80 default_server ipv6only=on;',
    '+\t\tlisten unix:/run/rig/other-1.sock default_server;',
    '+\t\tlisten unix:/run/rig/other-2.sock default_server ;',
    '-\t\tlisten 443 ssl http2;',
    '-\t\tlisten 80;',
    '+\t\tlisten unix:/run/rig/other-3.sock ssl http2;',
    '+\t\tlisten 127.0.0.1:40000;',
    '-\t\tssl_certificate certs/www.pem;',
    '-\t\taccess_log off;',
    '-\t\tlocation / { proxy_pass http://backend1.example.com:8080/app/; }',
    '-\t\tlocation /other { proxy_pass http://elsewhere.example.com; }',
    '+\t\tssl_certificate /etc/own/certs/www.pem;',
    '+\t\tlocation / { proxy_pass http://127.0.0.1:40001/app/; }',
    '+\t\tlocation /other { proxy_pass http://127.0.0.1:9; }',
  ])
  t.match(
    notes.filter((note) => note.includes('elsewhere')),
    [/^25:\d+: "elsewhere.example.com" is no server of the proxy here: nobody listens in its place$/],
  )
})

test('an included file stands in the place of its include where it changes, and else is named in full', async (t) => {
  const include: Include = (pattern) =>
    pattern === 'up.conf'
      ? [{ file: 'sub/up.conf', text: 'upstream u {\n  server backend1.example.com;\n}\n' }]
      : [{ file: 'sub/mime.types', text: 'types { text/html html; }' }]
  const text = 'include up.conf;\ninclude mime.types;\nserver { listen 80; location / { proxy_pass http://u; } }\n'
  const conf = confOf(text, include)
  const after = rewriteConf(conf, HOSTS, PLACES)!
  t.match(after, '# include up.conf;\nupstream u {\n  server 127.0.0.1:40001;\n}\n')
  t.match(after, 'include /etc/own/mime.types;')
})

test('a name in a variable becomes the address of its hop', async (t) => {
  const text =
    'resolver 10.0.0.2;\nserver { set $b backend1.example.com; location / { proxy_pass http://$b:8080$request_uri; } }\n'
  const { after, notes } = rewritten(text)
  t.match(after, 'proxy_pass http://127.0.0.1:40001$request_uri;')
  t.match(notes.join('\n'), '2:52: its name is not asked for: the address of the hop stands in its place')
})

test('a server block that only speaks TLS can be asked by nobody here', async (t) => {
  const text = 'server { listen 443 ssl; location / { proxy_pass http://backend1.example.com; } }\n'
  t.strictSame(rewritten(text).problems, [
    '1:10: the server block that answers speaks TLS only: here it needs a plain listen',
  ])
})
