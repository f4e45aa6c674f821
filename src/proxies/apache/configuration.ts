/**
 * The settings of a hop as an httpd.conf. What Apache does by default stays so, but for its Server header, which Debian
 * shortens too, and for what a scenario's proxy does as well: it passes on the target and the Host as they came.
 */
import { type TlsChoice, versionsOf } from '../../core/tls.js'
import type { ProxyPlaces, ProxySettings, ServerSettings } from '../driver.js'
import { failoverWords } from './failover.js'
import { secured } from './lacks.js'

/** Access, error and forensic log in one file: so their lines stand in the order in which they were written. */
export const LOG = 'apache.log'

/** Where Debian has them. */
const MODULES = '/usr/lib/apache2/modules'

/** Requests at once; each has a thread of the one process. */
const THREADS = 512

export const configuration = (settings: ProxySettings, places: ProxyPlaces): string =>
  `${[...mainLines(settings, places), ...controlLines(places), ...hostLines(settings, places)].join('\n')}\n`

const modulesFor = ({ servers, balance, tls }: ProxySettings): string[] => [
  'mpm_event',
  'authz_core',
  'alias',
  'headers',
  'unique_id',
  'reqtimeout',
  'log_forensic',
  'proxy',
  'proxy_http',
  ...(servers.length > 1
    ? ['slotmem_shm', 'proxy_balancer', `lbmethod_${METHODS[balance.type] ?? METHODS.round_robin}`]
    : []),
  ...(tls || servers.some(secured) ? ['ssl'] : []),
]

/** Its words for our balancers. */
const METHODS: Readonly<Record<string, string>> = { round_robin: 'byrequests', least_conn: 'bybusyness' }

function mainLines(settings: ProxySettings, places: ProxyPlaces): string[] {
  const { folder, privileged, control, port } = places
  const { hop, timeouts } = settings
  return [
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${folder}`,
    `PidFile ${folder}/apache.pid`,
    'Mutex pthread',
    ...modulesFor(settings).map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    // Its processes may not be root's.
    ...(privileged ? ['User #65534', 'Group #65534'] : []),
    `ServerName ${hop}`,
    'ServerTokens OS',
    'StartServers 1',
    'ServerLimit 1',
    `ThreadLimit ${THREADS}`,
    `ThreadsPerChild ${THREADS}`,
    `MaxRequestWorkers ${THREADS}`,
    'ListenBacklog 4096',
    `Listen 127.0.0.1:${control}`,
    `Listen 127.0.0.1:${port}`,
    `Timeout ${seconds(timeouts.reply)}`,
    `RequestReadTimeout header=${seconds(timeouts.client)} body=${seconds(timeouts.client)}`,
    `ErrorLog ${folder}/${LOG}`,
    'LogLevel info',
    `ErrorLogFormat "${ERROR_FORMAT}"`,
    `LogFormat "${quoted(JSON.stringify(VARIABLES))}" badgateway`,
    'LogFormat "{\\"mark\\":\\"%q\\"}" badgateway_mark',
  ]
}

/** As Apache's own, with the time in another order, the request's id and the thread's in front: all that log.ts takes off. */
const ERROR_FORMAT = '%{cu}t %-L %T [%-m:%l] [pid %P:tid %{g}T] %7F: %E: [client\\ %a] %M% ,\\ referer\\ %{Referer}i'

/** The keys of a line of the access log; log.ts reads them. All are text. */
export const VARIABLES = {
  id: '%{X-Request-Id}i',
  thread: '%{tid}P',
  peer: '%a:%{remote}p',
  method: '%m',
  path: '%U%q',
  line: '%r',
  status: '%>s',
  at: '%{end:msec}t',
  micros: '%D',
  body: '%B',
  sent: '%O',
  state: '%X',
  worker: '%{BALANCER_WORKER_NAME}e',
  handler: '%R',
} as const

export type AccessLine = Record<keyof typeof VARIABLES, string>

/** A server that writes marks into the log. */
const controlLines = ({ folder, control }: ProxyPlaces): string[] => [
  `<VirtualHost 127.0.0.1:${control}>`,
  `  CustomLog ${folder}/${LOG} badgateway_mark`,
  '  Redirect 204 /',
  '</VirtualHost>',
]

function hostLines(settings: ProxySettings, places: ProxyPlaces): string[] {
  const { hop, servers, source, tls } = settings
  const { folder, port } = places
  const over = servers.some(secured)
  return [
    `<VirtualHost 127.0.0.1:${port}>`,
    ...indent([
      `ForensicLog ${folder}/${LOG}`,
      `CustomLog ${folder}/${LOG} badgateway`,
      `RequestHeader setifempty X-Request-Id "${hop}-%{UNIQUE_ID}e"`,
      'AllowEncodedSlashes NoDecode',
      'ProxyAddHeaders Off',
      // With TLS the name that is asked for is that of the URL, else that of the Host.
      `ProxyPreserveHost ${over ? 'Off' : 'On'}`,
      `ProxyTimeout ${seconds(limitOf(settings))}`,
      ...(source === undefined ? [] : [`ProxySourceAddress ${source}`]),
      ...(tls ? frontTlsLines(tls, places) : []),
      ...(over ? upstreamTlsLines(settings, places) : []),
      ...passLines(settings, places),
    ]),
    '</VirtualHost>',
  ]
}

function passLines(settings: ProxySettings, { addresses }: ProxyPlaces): string[] {
  const { hop, servers, balance } = settings
  const [only] = servers
  if (servers.length === 1) {
    return [`ProxyPass / ${urlOf(only!, addresses[0]!)}/ nocanon ${workerWords(settings, only!, false)}`]
  }
  return [
    `<Proxy balancer://${hop}>`,
    ...servers.map(
      (server, index) => `  BalancerMember ${urlOf(server, addresses[index]!)} ${workerWords(settings, server, true)}`,
    ),
    `  ProxySet ${[`lbmethod=${METHODS[balance.type]}`, ...failoverWords(settings)].join(' ')}`,
    '</Proxy>',
    `ProxyPass / balancer://${hop}/ nocanon`,
  ]
}

/** Of what is written, read, and of the TLS handshake. */
export const limitOf = ({ servers, timeouts: { read, connect } }: ProxySettings): number =>
  servers.some(secured) ? Math.min(read, connect) : read

/** Certificates have localhost beside their hop's own name; a port of it is one of the same address. */
export const urlOf = (server: ServerSettings, address: string): string =>
  secured(server)
    ? `https://${address.replace(/^127\.0\.0\.1:/, 'localhost:')}`
    : address.startsWith('unix:')
      ? `${address}|http://localhost`
      : `http://${address}`

function workerWords({ timeouts, keepalive, queue }: ProxySettings, server: ServerSettings, member: boolean): string {
  const { weight, max_fails, fail_timeout, max_conns, backup, down } = server
  const { connections, idle } = keepalive
  const status = [backup && '+H', down && '+D'].filter(Boolean).join('')
  const words = [
    `connectiontimeout=${Math.max(1, Math.ceil(timeouts.connect))}ms`,
    `retry=${member && max_fails > 0 ? seconds(fail_timeout) : 0}`,
    ...(connections > 0 ? [`smax=${connections}`, `ttl=${seconds(idle)}`] : ['disablereuse=On']),
    ...(max_conns > 0 ? [`max=${max_conns}`, `acquire=${Math.max(1, Math.ceil(queue?.timeout ?? 1))}`] : []),
    ...(member && weight !== 1 ? [`loadfactor=${Math.min(100, weight)}`] : []),
    ...(member && status !== '' ? [`status=${status}`] : []),
    'upgrade=ANY',
  ]
  return words.join(' ')
}

const upstreamTlsLines = ({ upstream_tls }: ProxySettings, { ca, client }: ProxyPlaces): string[] => [
  'SSLProxyEngine On',
  `SSLProxyVerify ${upstream_tls.verify ? 'require' : 'none'}`,
  'SSLProxyVerifyDepth 4',
  `SSLProxyCACertificateFile ${ca}`,
  `SSLProxyCheckPeerName ${upstream_tls.verify ? 'on' : 'off'}`,
  `SSLProxyCheckPeerExpire ${upstream_tls.verify ? 'on' : 'off'}`,
  ...choiceLines('SSLProxy', upstream_tls),
  ...(client?.pem === undefined
    ? []
    : [`SSLProxyMachineCertificateFile ${client.pem}`, `SSLProxyMachineCertificateChainFile ${client.cert}`]),
]

const frontTlsLines = (tls: Exclude<ProxySettings['tls'], false>, { own, ca }: ProxyPlaces): string[] => [
  'SSLEngine On',
  'SSLSessionTickets Off',
  ...own.flatMap(({ cert, key }) => [`SSLCertificateFile ${cert}`, `SSLCertificateKeyFile ${key}`]),
  ...choiceLines('SSL', tls),
  ...(tls.client_certificate === 'required'
    ? [`SSLCACertificateFile ${ca}`, 'SSLVerifyClient require', 'SSLVerifyDepth 4']
    : []),
]

/** OpenSSL has two lists: one for TLS 1.3, one for what came before. */
function choiceLines(prefix: 'SSL' | 'SSLProxy', choice: TlsChoice): string[] {
  const { ciphers = [] } = choice
  const modern = ciphers.filter((suite) => suite.startsWith('TLS_'))
  const older = ciphers.filter((suite) => !suite.startsWith('TLS_'))
  return [
    `${prefix}Protocol ${versionsOf(choice).join(' ')}`,
    ...(older.length > 0 ? [`${prefix}CipherSuite ${older.join(':')}`] : []),
    ...(modern.length > 0 ? [`${prefix}CipherSuite TLSv1.3 ${modern.join(':')}`] : []),
  ]
}

/** Whole seconds are all that it takes there, and at least one. */
export const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000))

const quoted = (text: string): string => text.replace(/["\\]/g, '\\$&')

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
