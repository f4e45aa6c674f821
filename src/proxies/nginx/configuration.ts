/**
 * The settings of a hop as an nginx.conf. What nginx does by default stays so, but for two things that a scenario's
 * proxy does too: it streams request bodies, and it keeps connections to upstreams.
 */
import { type TlsChoice, versionsOf } from '../../core/tls.js'
import type { ProxyPlaces, ProxySettings, ServerSettings } from '../driver.js'
import { SHARED_NAME } from './lacks.js'

/** Access and error log in one file: so their lines stand in the order in which they were written. */
export const LOG = 'nginx.log'

export const configuration = (settings: ProxySettings, places: ProxyPlaces): string => `${mainLines(places).join('\n')}
events { worker_connections 8192; }
http {
${indent([...httpLines(settings.hop, places), ...ownLines(settings, places)]).join('\n')}
}
`

/** What any configuration needs outside of its blocks to be run by the rig. */
export const mainLines = ({ folder, privileged }: Pick<ProxyPlaces, 'folder' | 'privileged'>): string[] => [
  ...(privileged ? ['user root;'] : []),
  'daemon off;',
  'worker_processes 1;',
  'worker_shutdown_timeout 1s;',
  `pid ${folder}/nginx.pid;`,
  `error_log ${folder}/${LOG} info;`,
]

/** What any configuration needs in its http block: its log, folders, and a server that writes marks into the log. */
export const httpLines = (hop: string, { folder, control }: Pick<ProxyPlaces, 'folder' | 'control'>): string[] => [
  ...TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`),
  'map $http_x_request_id $badgateway_id {',
  `  "" "${hop}-$connection-$connection_requests";`,
  '  default $http_x_request_id;',
  '}',
  `log_format badgateway escape=json '${JSON.stringify(VARIABLES)}';`,
  `log_format badgateway_mark escape=json '{"mark":"$arg_mark"}';`,
  `access_log ${folder}/${LOG} badgateway;`,
  'server {',
  `  listen 127.0.0.1:${control};`,
  `  access_log ${folder}/${LOG} badgateway_mark;`,
  '  location / { return 204; }',
  '}',
]

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** The keys of a line of the access log; log.ts reads them. All are text, as nginx writes them. */
export const VARIABLES = {
  id: '$badgateway_id',
  connection: '$connection',
  peer: '$remote_addr:$remote_port',
  method: '$request_method',
  path: '$request_uri',
  status: '$status',
  at: '$msec',
  seconds: '$request_time',
  expects_body: '$content_length$http_transfer_encoding',
  addresses: '$upstream_addr',
  statuses: '$upstream_status',
  connect_seconds: '$upstream_connect_time',
  response_seconds: '$upstream_response_time',
  received: '$upstream_bytes_received',
  body: '$upstream_response_length',
  sent: '$upstream_bytes_sent',
} as const

function ownLines(settings: ProxySettings, places: ProxyPlaces): string[] {
  const { hop, tls, timeouts } = settings
  return [
    'map $http_upgrade $badgateway_connection {',
    '  "" "";',
    '  default upgrade;',
    '}',
    ...groupLines(settings, places),
    'server {',
    `  listen 127.0.0.1:${places.port}${tls ? ' ssl' : ''} backlog=4096;`,
    `  server_name ${hop};`,
    ...indent(tls ? frontTlsLines(tls, places) : []),
    '  client_max_body_size 0;',
    `  client_header_timeout ${ms(timeouts.client)};`,
    `  client_body_timeout ${ms(timeouts.client)};`,
    `  send_timeout ${ms(timeouts.reply)};`,
    '  location / {',
    ...indent(indent(locationLines(settings, places))),
    '  }',
    '}',
  ]
}

/** Names that are resolved at run time have no group. */
function groupLines(settings: ProxySettings, { addresses }: ProxyPlaces): string[] {
  const { hop, servers, keepalive, resolver } = settings
  if (resolver) return []
  return [
    `upstream ${hop} {`,
    ...indent(balanceLines(settings)),
    ...servers.map((server, index) => `  server ${addresses[index]}${parametersOf(server)};`),
    ...(keepalive.connections > 0
      ? [
          `  keepalive ${keepalive.connections};`,
          `  keepalive_requests ${keepalive.requests};`,
          `  keepalive_timeout ${ms(keepalive.idle)};`,
        ]
      : []),
    '}',
  ]
}

function balanceLines({ balance }: ProxySettings): string[] {
  switch (balance.type) {
    case 'least_conn':
    case 'ip_hash':
    case 'random':
      return [`${balance.type};`]
    case 'random_two':
      return ['random two least_conn;']
    case 'hash':
      return [`hash ${quoted(balance.key)};`]
    case 'consistent_hash':
      return [`hash ${quoted(balance.key)} consistent;`]
    default:
      return []
  }
}

function parametersOf({ weight, max_fails, fail_timeout, max_conns, backup, down }: ServerSettings): string {
  const parameters = [
    weight !== 1 && `weight=${weight}`,
    `max_fails=${max_fails}`,
    max_fails > 0 && `fail_timeout=${Math.ceil(fail_timeout / 1000)}s`,
    max_conns > 0 && `max_conns=${max_conns}`,
    backup && 'backup',
    down && 'down',
  ]
  return parameters
    .filter(Boolean)
    .map((parameter) => ` ${parameter}`)
    .join('')
}

function locationLines(settings: ProxySettings, places: ProxyPlaces): string[] {
  const { timeouts, next_upstream, tries, next_upstream_timeout, servers, source } = settings
  return [
    ...passLines(settings, places),
    ...(source === undefined ? [] : [`proxy_bind ${source};`]),
    'proxy_http_version 1.1;',
    'proxy_set_header Host $http_host;',
    'proxy_set_header X-Request-Id $badgateway_id;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header Connection $badgateway_connection;',
    'proxy_request_buffering off;',
    `proxy_connect_timeout ${ms(timeouts.connect)};`,
    `proxy_send_timeout ${ms(timeouts.send)};`,
    `proxy_read_timeout ${ms(timeouts.read)};`,
    `proxy_next_upstream ${next_upstream.join(' ') || 'off'};`,
    `proxy_next_upstream_tries ${tries};`,
    ...(next_upstream_timeout === undefined ? [] : [`proxy_next_upstream_timeout ${ms(next_upstream_timeout)};`]),
    ...(servers.some(({ secured }) => secured) ? upstreamTlsLines(settings, places) : []),
  ]
}

function passLines({ hop, servers, resolver }: ProxySettings, { addresses, name_server }: ProxyPlaces): string[] {
  const [first] = servers
  const scheme = first!.secured ? 'https' : 'http'
  if (!resolver) return [`proxy_pass ${scheme}://${hop};`]
  const port = addresses[0]!.slice(addresses[0]!.lastIndexOf(':') + 1)
  return [
    `resolver ${name_server} ipv6=${resolver.ipv6 ? 'on' : 'off'};`,
    `resolver_timeout ${ms(resolver.timeout * resolver.tries)};`,
    `set $badgateway_name ${first!.dns_name};`,
    `proxy_pass ${scheme}://$badgateway_name:${port};`,
  ]
}

function upstreamTlsLines({ upstream_tls, servers }: ProxySettings, { ca, client }: ProxyPlaces): string[] {
  const names = new Set(servers.map((server) => server.certificate_name))
  const name = upstream_tls.server_name ?? (names.size > 1 ? SHARED_NAME : [...names][0])
  return [
    `proxy_ssl_verify ${upstream_tls.verify ? 'on' : 'off'};`,
    'proxy_ssl_verify_depth 4;',
    `proxy_ssl_trusted_certificate ${ca};`,
    'proxy_ssl_server_name on;',
    `proxy_ssl_name ${name};`,
    'proxy_ssl_session_reuse off;',
    ...choiceLines('proxy_ssl', upstream_tls),
    ...(client ? [`proxy_ssl_certificate ${client.cert};`, `proxy_ssl_certificate_key ${client.key};`] : []),
  ]
}

const frontTlsLines = (tls: Exclude<ProxySettings['tls'], false>, { own, ca }: ProxyPlaces): string[] => [
  ...own.flatMap(({ cert, key }) => [`ssl_certificate ${cert};`, `ssl_certificate_key ${key};`]),
  'ssl_session_cache off;',
  'ssl_session_tickets off;',
  ...choiceLines('ssl', tls),
  ...(tls.client_certificate === 'required'
    ? [`ssl_client_certificate ${ca};`, 'ssl_verify_client on;', 'ssl_verify_depth 4;']
    : []),
]

/** OpenSSL has two lists: one for TLS 1.3, one for what came before. */
function choiceLines(prefix: 'ssl' | 'proxy_ssl', choice: TlsChoice): string[] {
  const lines = [`${prefix}_protocols ${versionsOf(choice).join(' ')};`]
  const { ciphers = [] } = choice
  const modern = ciphers.filter((suite) => suite.startsWith('TLS_'))
  const older = ciphers.filter((suite) => !suite.startsWith('TLS_'))
  if (older.length > 0) lines.push(`${prefix}_ciphers ${older.join(':')};`)
  if (modern.length > 0) lines.push(`${prefix}_conf_command Ciphersuites ${modern.join(':')};`)
  return lines
}

/** Whole milliseconds are all that nginx takes, and 0 would be something else. */
const ms = (duration: number): string => `${Math.max(1, Math.ceil(duration))}ms`

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
