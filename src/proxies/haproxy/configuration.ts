/**
 * The settings of a hop as a haproxy.cfg. What HAProxy does by default stays so, but for what a scenario's proxy does too:
 * it gives up on a request whose client has left (`abortonclose`), and it tries again only where the scenario says so.
 */
import { type TlsChoice, versionsOf } from '../../core/tls.js'
import type { ProxyPlaces, ProxySettings, ServerSettings } from '../driver.js'
import { checkLines, checkParameters } from './checks.js'
import { keyExpression } from './key.js'
import { LOG_FORMAT, MARK_FORMAT } from './log_format.js'
import { retriesOf } from './retries.js'

/** What HAProxy writes to its standard output: lines of its log, raw. */
export const LOG = 'haproxy.log'

export function configuration(settings: ProxySettings, places: ProxyPlaces): string {
  const { hop, timeouts } = settings
  return sections([
    ['global', globalLines(settings)],
    ['resolvers names', resolverLines(settings, places)],
    [
      'defaults',
      [
        'mode http',
        'log global',
        `timeout connect ${ms(timeouts.connect)}`,
        `timeout server ${ms(timeouts.read)}`,
        `timeout client ${ms(timeouts.reply)}`,
        `timeout http-request ${ms(timeouts.client)}`,
        'option abortonclose',
        // The rig asks whether somebody listens.
        'option dontlognull',
      ],
    ],
    [`listen ${hop}`, listenLines(settings, places)],
    [
      // Asked by the rig, which wants its mark in the log.
      'frontend badgateway-marks',
      [
        `bind 127.0.0.1:${places.control}`,
        `log-format "${MARK_FORMAT}"`,
        'http-request set-var(txn.mark) urlp(mark)',
        'http-request return status 204',
      ],
    ],
  ])
}

/** Those that have nothing in them are left out. */
const sections = (all: readonly (readonly [head: string, lines: readonly string[]])[]): string =>
  all
    .filter(([, lines]) => lines.length > 0)
    .map(([head, lines]) => `${head}\n${lines.map((line) => `  ${line}\n`).join('')}`)
    .join('\n')

/** One thread, so that the log stands in the order in which things happened. */
const globalLines = ({ health_check: check }: ProxySettings): string[] => [
  'log fd@1 len 65535 format raw daemon',
  'nbthread 1',
  'maxconn 8000',
  'no strict-limits',
  // A port that somebody has is an error, and not to be shared without a word.
  'noreuseport',
  'tune.http.logurilen 65535',
  'tune.ssl.default-dh-param 2048',
  'ssl-load-extra-del-ext',
  ...(check && check.jitter > 0 ? [`spread-checks ${Math.round(check.jitter * 100)}`] : []),
]

/** It asks in the background: what was found is used for a second, and what failed takes effect at once. */
function resolverLines({ resolver }: ProxySettings, { name_server }: ProxyPlaces): string[] {
  if (!resolver) return []
  return [
    `nameserver own ${name_server}`,
    `resolve_retries ${resolver.tries}`,
    'timeout resolve 1s',
    `timeout retry ${ms(resolver.timeout)}`,
    ...['nx', 'refused', 'timeout', 'other', 'obsolete'].map((what) => `hold ${what} 0`),
    'hold valid 1s',
  ]
}

function listenLines(settings: ProxySettings, places: ProxyPlaces): string[] {
  const { hop, tls, balance, servers, keepalive, queue, timeouts } = settings
  return [
    `bind 127.0.0.1:${places.port} backlog 4096${tls ? ` ${frontTls(tls, places)}` : ''}`,
    `log-format "${LOG_FORMAT}"`,
    // The id of a request, as the client gave it or of our own.
    'http-request set-var(txn.id) req.fhdr(x-request-id)',
    `http-request set-var-fmt(txn.id) "${hop}-%rt" unless { req.fhdr(x-request-id) -m found }`,
    'http-request set-header X-Request-Id %[var(txn.id)] unless { req.fhdr(x-request-id) -m found }',
    ...balanceLines(balance),
    ...retriesOf(settings),
    ...(keepalive.connections === 0 ? ['option http-server-close'] : []),
    `timeout queue ${ms(queue?.timeout ?? timeouts.connect)}`,
    ...checkLines(settings),
    ...servers.map((_, index) => `server ${serverLine(settings, places, index)}`),
  ]
}

function balanceLines(balance: ProxySettings['balance']): string[] {
  switch (balance.type) {
    case 'least_conn':
    case 'haproxy_leastconn':
      return ['balance leastconn']
    case 'ip_hash':
      return ['balance source']
    case 'random':
      return ['balance random(1)']
    case 'random_two':
      return ['balance random(2)']
    case 'hash':
    case 'consistent_hash':
      return [
        `http-request set-var-fmt(txn.key) ${quoted(keyExpression(balance.key))}`,
        'balance hash var(txn.key)',
        ...(balance.type === 'consistent_hash' ? ['hash-type consistent'] : []),
      ]
    default:
      return ['balance roundrobin']
  }
}

function serverLine(settings: ProxySettings, places: ProxyPlaces, index: number): string {
  const { source, keepalive, queue, resolver } = settings
  const server = settings.servers[index]!
  const { hop, weight, max_conns, backup, down, secured, slow_start } = server
  return [
    `${hop} ${addressOf(server, places.addresses[index]!, resolver !== undefined)}`,
    weight !== 1 && `weight ${weight}`,
    max_conns > 0 && `maxconn ${max_conns}`,
    queue && max_conns > 0 && `maxqueue ${queue.size}`,
    source !== undefined && `source ${source}`,
    keepalive.connections > 0 &&
      `pool-max-conn ${keepalive.connections} pool-purge-delay ${ms(keepalive.idle)} max-reuse ${keepalive.requests - 1}`,
    resolver && 'resolvers names resolve-prefer ipv4 init-addr none',
    secured && upstreamTls(settings, places, server),
    checkParameters(settings, server),
    slow_start > 0 && `slowstart ${ms(slow_start)}`,
    backup && 'backup',
    down && 'disabled',
  ]
    .filter(Boolean)
    .join(' ')
}

function addressOf({ dns_name }: ServerSettings, address: string, byName: boolean): string {
  if (address.startsWith('unix:')) return `unix@${address.slice('unix:'.length)}`
  return byName ? `${dns_name}${address.slice(address.lastIndexOf(':'))}` : address
}

function upstreamTls({ upstream_tls }: ProxySettings, { ca, client }: ProxyPlaces, server: ServerSettings): string {
  const name = upstream_tls.server_name ?? server.certificate_name
  return [
    'ssl no-ssl-reuse',
    `sni str(${name})`,
    upstream_tls.verify ? `verify required ca-file ${ca} verifyhost ${name}` : 'verify none',
    tlsChoice(upstream_tls),
    client && `crt ${client.cert}`,
  ]
    .filter(Boolean)
    .join(' ')
}

const frontTls = (tls: Exclude<ProxySettings['tls'], false>, { own, ca }: ProxyPlaces): string =>
  [
    'ssl no-tls-tickets',
    ...own.map(({ cert }) => `crt ${cert}`),
    tlsChoice(tls),
    ...(tls.client_certificate === 'required' ? [`ca-file ${ca} verify required`] : []),
  ].join(' ')

/** OpenSSL has two lists: one for TLS 1.3, one for what came before. */
function tlsChoice(choice: TlsChoice): string {
  const versions = versionsOf(choice)
  const { ciphers = [] } = choice
  const modern = ciphers.filter((suite) => suite.startsWith('TLS_'))
  const older = ciphers.filter((suite) => !suite.startsWith('TLS_'))
  return [
    `ssl-min-ver ${versions[0]} ssl-max-ver ${versions.at(-1)}`,
    older.length > 0 && `ciphers ${older.join(':')}`,
    modern.length > 0 && `ciphersuites ${modern.join(':')}`,
  ]
    .filter(Boolean)
    .join(' ')
}

/** Whole milliseconds are all that HAProxy takes, and 0 would be no limit at all. */
const ms = (duration: number): string => `${Math.max(1, Math.ceil(duration))}ms`

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
