/**
 * The settings of a hop as Caddy's JSON configuration. What Caddy does by default stays so, but for what a scenario says,
 * and for what a rig must not have: its admin endpoint, certificates of its own, anything kept outside its folder.
 */
import type { TlsChoice } from '../../core/tls.js'
import { versionsOf } from '../../core/tls.js'
import type { ProxyPlaces, ProxySettings } from '../driver.js'
import { healthChecks, loadBalancing } from './balancing.js'
import { goCipher, SHARED_NAME } from './words.js'

export const LOG = 'caddy.log'

/** The access log of the server that only writes marks is told apart by it. */
export const MARKS = 'marks'

/**
 * `read_timeout` counts from when Caddy begins to read, which is before it has sent the request; the limit for the head
 * counts from then on. So much later it cannot come first.
 */
const READ_MARGIN_MS = 100

/**
 * Caddy does many things at once: a request of which the client has heard all may be in the log a moment later. A mark
 * waits for that; without a server to ask, Caddy looks for one so long.
 */
const MARK_AFTER_MS = 50

export const configuration = (settings: ProxySettings, places: ProxyPlaces): string =>
  `${JSON.stringify(
    {
      admin: { disabled: true, config: { persist: false } },
      storage: { module: 'file_system', root: `${places.folder}/storage` },
      logging: loggingOf(places),
      apps: {
        http: { grace_period: ns(1000), servers: { front: front(settings, places), marks: marks(places) } },
        ...(settings.tls ? { tls: { certificates: { load_files: certificates(places) } } } : {}),
      },
    },
    null,
    2,
  )}\n`

/** With what it notes of every try: nothing else tells of those that were followed by another one. */
const loggingOf = ({ folder }: ProxyPlaces) => ({
  sink: { writer: { output: 'discard' } },
  logs: {
    default: {
      writer: { output: 'file', filename: `${folder}/${LOG}`, roll: false },
      encoder: { format: 'json' },
      level: 'DEBUG',
    },
  },
})

function front(settings: ProxySettings, places: ProxyPlaces) {
  const { hop, tls, timeouts } = settings
  return {
    ...serverOf(places.port),
    logs: {},
    read_timeout: ns(timeouts.client),
    routes: [
      { match: [{ not: [{ header: { 'X-Request-Id': ['*'] } }] }], handle: [numbered(hop)] },
      { handle: [reverseProxy(settings, places)] },
    ],
    ...(tls ? { tls_connection_policies: [frontTls(hop, tls, places)] } : {}),
  }
}

const marks = ({ control }: ProxyPlaces) => ({
  ...serverOf(control),
  logs: { default_logger_name: MARKS },
  routes: [
    {
      handle: [
        {
          handler: 'reverse_proxy',
          load_balancing: { try_duration: ns(MARK_AFTER_MS), try_interval: ns(MARK_AFTER_MS) },
        },
      ],
    },
  ],
})

const serverOf = (port: number) => ({
  listen: [`127.0.0.1:${port}`],
  protocols: ['h1'],
  automatic_https: { disable: true },
})

/** So that a server can name the request as well. */
const numbered = (hop: string) => ({
  handler: 'headers',
  request: { set: { 'X-Request-Id': [`${hop}-{http.request.uuid}`] } },
})

function reverseProxy(settings: ProxySettings, places: ProxyPlaces) {
  const { servers, resolver } = settings
  const dials = servers.map((server, index) => ({
    server,
    dial: dialOf(places.addresses[index]!, resolver && server.dns_name),
  }))
  return {
    handler: 'reverse_proxy',
    upstreams: dials
      .filter(({ server }) => !server.down)
      .map(({ server, dial }) => ({ dial, ...(server.max_conns > 0 ? { max_requests: server.max_conns } : {}) })),
    load_balancing: loadBalancing(settings),
    ...healthChecks(settings),
    transport: transport(settings, places),
  }
}

/** The dot keeps the domains of this machine from being tried behind the name. */
function dialOf(address: string, name: string | undefined): string {
  if (address.startsWith('unix:')) return `unix/${address.slice('unix:'.length)}`
  return name === undefined ? address : `${name}.${address.slice(address.lastIndexOf(':'))}`
}

function transport(settings: ProxySettings, places: ProxyPlaces) {
  const { timeouts, keepalive, resolver, servers } = settings
  const lookup = resolver ? Math.min(timeouts.connect, resolver.timeout * resolver.tries) : timeouts.connect
  return {
    protocol: 'http',
    versions: ['1.1'],
    // It would ask for gzip, and undo it.
    compression: false,
    dial_timeout: ns(lookup),
    dial_fallback_delay: -1,
    response_header_timeout: ns(timeouts.read),
    read_timeout: ns(timeouts.read + READ_MARGIN_MS),
    write_timeout: ns(timeouts.send),
    keep_alive:
      keepalive.connections > 0
        ? {
            enabled: true,
            max_idle_conns_per_host: keepalive.connections,
            idle_timeout: ns(keepalive.idle),
          }
        : { enabled: false },
    ...(resolver ? { resolver: { addresses: [`udp/${places.name_server}`] } } : {}),
    ...(servers.some(({ secured }) => secured) ? { tls: upstreamTls(settings, places) } : {}),
  }
}

function upstreamTls({ upstream_tls, servers, timeouts }: ProxySettings, { ca, client }: ProxyPlaces) {
  const names = new Set(servers.map((server) => server.certificate_name))
  return {
    root_ca_pem_files: [ca],
    server_name: upstream_tls.server_name ?? (names.size > 1 ? SHARED_NAME : [...names][0]),
    handshake_timeout: ns(timeouts.connect),
    ...(upstream_tls.verify ? {} : { insecure_skip_verify: true }),
    ...(client ? { client_certificate_file: client.cert, client_certificate_key_file: client.key } : {}),
  }
}

const certificates = ({ own }: ProxyPlaces) => own.map(({ cert, key }) => ({ certificate: cert, key }))

function frontTls(hop: string, tls: Exclude<ProxySettings['tls'], false>, { ca }: ProxyPlaces) {
  return {
    default_sni: hop,
    ...choice(tls),
    ...(tls.client_certificate === 'required'
      ? { client_authentication: { trusted_ca_certs_pem_files: [ca], mode: 'require_and_verify' } }
      : {}),
  }
}

/** Go has no list for TLS 1.3: lacks.ts says so. */
function choice(tls: TlsChoice) {
  const versions = versionsOf(tls).map((version) => version.toLowerCase().replace('v', ''))
  const ciphers = (tls.ciphers ?? []).filter((suite) => !suite.startsWith('TLS_')).map(goCipher)
  return {
    protocol_min: versions[0],
    protocol_max: versions.at(-1),
    ...(ciphers.length > 0 ? { cipher_suites: ciphers } : {}),
  }
}

/** Caddy takes a number for nanoseconds; 0 would be no limit. */
const ns = (duration: number): number => Math.max(1, Math.round(duration * 1_000_000))
