/**
 * What a driver of a real proxy is made of: data and pure functions. src/live/proxies/ starts the program, waits, reads
 * its log and stops it; src/checks asks what it can tell. A driver knows no scenario: it is given plain facts.
 */
import type { BalancerConfig } from '../core/proxy/balancers/index.js'
import type { CacheConfig } from '../core/proxy/cache.js'
import type { NextUpstreamCondition } from '../core/proxy/forward.js'
import type { ForwardingConfig } from '../core/proxy/forwards/index.js'
import type { HealthCheckConfig } from '../core/proxy/health_checks/index.js'
import type { KeepaliveConfig } from '../core/proxy/keepalive.js'
import type { PassiveHealthConfig } from '../core/proxy/passive_health/index.js'
import type { QueueConfig } from '../core/proxy/pending.js'
import type { RateLimitConfig } from '../core/proxy/rate_limit.js'
import type { ResolverConfig } from '../core/proxy/resolver.js'
import type { ServerConfig } from '../core/proxy/server.js'
import type { Timeouts } from '../core/proxy/timeouts.js'
import type { DialTls, ServerTls } from '../core/tls.js'
import type { DialectName } from '../dialects/index.js'
import type { ForwardEvent, LogEvent, ServerEvent } from '../journal/events.js'
import type { Include } from './nginx_conf/read.js'
import type { ConfSource } from './nginx_conf/tokens.js'

/** What a scenario says of the hop that the product stands in for. Durations are milliseconds. */
export interface ProxySettings {
  hop: string
  /** Towards clients. */
  tls: false | ServerTls
  servers: ServerSettings[]
  upstream_tls: DialTls
  /** The address it dials from, where that is not left to the kernel. */
  source?: string | undefined
  /** Its words and marks are the scenario's subject; a product has its own. */
  dialect?: string | undefined
  /** Whose rules of forwarding, and of passive health; nginx's if absent. */
  forwarding?: ForwardingConfig | undefined
  passive_health?: PassiveHealthConfig | undefined
  balance: BalancerConfig
  next_upstream: readonly NextUpstreamCondition[]
  tries: number
  next_upstream_timeout?: number | undefined
  timeouts: Timeouts
  keepalive: KeepaliveConfig
  queue?: QueueConfig | undefined
  rate_limit?: RateLimitConfig | undefined
  cache?: CacheConfig | undefined
  health_check?: HealthCheckConfig | undefined
  resolver?: ResolverConfig | undefined
  /** A configuration of the user's own that all this comes from. */
  own?: OwnConf | undefined
}

export interface OwnConf {
  source: ConfSource
  include: Include
  /** Its host names to hops. */
  map: Readonly<Record<string, string>>
}

export interface ServerSettings extends ServerConfig {
  hop: string
  /** It is spoken to over TLS, and its certificate has this name. */
  secured: boolean
  certificate_name: string
  /** The name that it is to be found by, where there is a resolver. */
  dns_name: string
}

/** Where everything is, once it is known. Paths are absolute. */
export interface ProxyPlaces {
  /** Private to this one process; it goes away with it. */
  folder: string
  /** Where clients come to. */
  port: number
  /** Where the rig asks whether everything up to a mark is in the log. */
  control: number
  /** Of the servers, in their order: host:port, or unix: and a path. */
  addresses: readonly string[]
  /** host:port */
  name_server?: string | undefined
  /** PEM files. */
  ca: string
  own: readonly KeyPairFiles[]
  client?: KeyPairFiles | undefined
  /** The user that started it may become another one. */
  privileged: boolean
}

export interface KeyPairFiles {
  cert: string
  key: string
  /** The key, and the certificate without those above it, in one file. */
  pem?: string
}

/** A setting that the product does not have. */
export interface Lack {
  /** As in the scenario file: `queue`, `timeouts.response`. */
  setting: string
  why: string
  /** The scenario runs all the same, and this is said beside its result; without, it is skipped. */
  runs?: true
}

/** What can be known of a proxy; a check that asks for anything else does not apply. */
export interface Tells {
  /** It sends Proxy-Status and X-Proxy-Error. */
  proxy_status: boolean
  /** Why a try failed, in our sentences. */
  details: boolean
  /** The requests at it, its tries and what became of them. */
  requests: boolean
  /** Its error log. */
  log: boolean
  /** Each of its health checks; what they come to is told all the same. */
  checks?: false
  /** It closes some connections, or sends some requests again, with no word in its log: what was sent is not all told. */
  silent?: true
}

/** What a line of its log says, in the words of the journal. */
export type Told =
  /** Everything before it is in the log. */
  | { mark: string }
  | {
      event: Omit<ForwardEvent, 't' | 'hop'> | Omit<LogEvent, 't' | 'hop'> | Omit<ServerEvent, 't' | 'hop'>
      at: number | undefined
    }
  /** It can't go on as it should, such as for want of file descriptors. */
  | { trouble: string }

/** Reads the log, line by line, and remembers what belongs together. `at` is milliseconds since 1970. */
export interface LogReader {
  line(text: string): Told[]
  /** Nothing more will come: what waited for more. */
  end(): Told[]
}

export interface ProxyDriver {
  /** One line for help and docs. */
  readonly summary: string
  /** Looked for in PATH, unless the user says where it is. */
  readonly program: string
  /** A command that installs it. */
  readonly install: string
  readonly versionArguments: readonly string[]
  /** What it says of itself, as `1.22.1`; undefined: it is another program. */
  version(output: string): string | undefined
  readonly tells: Tells
  /** The dialect whose words its log has. */
  readonly dialect: DialectName
  lacks(settings: ProxySettings): Lack[]
  /** The text of its configuration file, which is put into its folder. */
  configuration(settings: ProxySettings, places: ProxyPlaces): string
  /** @param file of the configuration */
  arguments(file: string, folder: string): string[]
  /** Its log in the folder. */
  readonly log: string
  /** That is what it writes to its standard output; undefined: it opens the file by itself. */
  readonly logsToStdout?: true
  /** The signal with which it ends; undefined: QUIT, and it finishes what it has in hand. */
  readonly stop?: 'QUIT' | 'TERM' | 'INT'
  /** It does several things at once: its reader holds a mark back until all that had begun before is told. */
  readonly lateMarks?: true
  reader(settings: ProxySettings, places: ProxyPlaces): LogReader
  /** What it says on standard error when it can't start: the line that tells why. */
  complaint(stderr: string): string | undefined
}
