/**
 * A configuration as the settings of the mini proxy, in the words of a scenario file, with nginx's own defaults. The
 * scenario room calls it for a hop with `nginx:`; it knows the names of hops and nothing else of them.
 */
import { nearest } from '../../lib/nearest.js'
import { type Answering, chooseAnswering, isUpstream, withVariables } from './answering.js'
import type { Conf } from './read.js'
import type { Settings } from './settings.js'
import type { Directive } from './tokens.js'
import { DEFAULTS, type Upstream, type UpstreamServer } from './upstream.js'
import { type HostAddress, parseAddress } from './values.js'

/** Host names of the file to hops of the scenario. */
export interface HostMap {
  /** The proxy itself: a server_name that is mapped to it says which server block answers. */
  proxy: string
  /** `host` or `host:port`, as the user wrote it. */
  map: Readonly<Record<string, string>>
  /** All hops, with the names that a name server knows them by. */
  hops: readonly { name: string; dnsName: string }[]
}

/** Keys of a proxy hop; what is not among them is the scenario's own. */
export type HopSettings = Readonly<Record<string, unknown>>

/** The keys that come from the file and can't be written beside it. */
export const keysOfConf = [
  'to',
  'balance',
  'next_upstream',
  'tries',
  'next_upstream_timeout',
  'timeouts',
  'keepalive',
  'upstream_tls',
  'dialect',
  'resolver',
] as const

/** Undefined where the file's problems leave nothing to map; they are among its findings then. */
export function hopOf(conf: Conf, hosts: HostMap): HopSettings | undefined {
  const answering = chooseAnswering(conf, namesOfProxy(hosts))
  if (!answering) return undefined
  const { location, passes, server } = answering
  noteWhatDiffers(conf, answering)
  const { to: target, scheme, variable } = passes
  const upstream = isUpstream(target) ? target : loneServer(target, passes.directive)
  const to = edgesOf(conf, upstream, hosts, scheme)
  const { settings } = location
  return {
    to,
    balance: upstream.balance,
    next_upstream: settings.nextUpstream.length === 0 ? 'off' : settings.nextUpstream,
    tries: settings.tries,
    ...(settings.nextTimeoutMs > 0 ? { next_upstream_timeout: ms(settings.nextTimeoutMs) } : {}),
    timeouts: {
      connect: ms(settings.connectMs),
      send: ms(settings.sendMs),
      read: ms(settings.readMs),
      reply: ms(settings.replyMs),
    },
    keepalive: keepaliveOf(upstream, settings),
    upstream_tls: tlsOf(settings),
    ...(server.listens.some(isTls) && !server.listens.some((listen) => !isTls(listen)) ? { tls: true } : {}),
    ...(variable && settings.resolver ? { resolver: resolverOf(settings) } : {}),
    dialect: 'nginx',
  }
}

export const isTls = ({ args }: Directive): boolean => args.some(({ text }) => text === 'ssl')

export const namesOfProxy = ({ map, proxy }: HostMap): string[] =>
  Object.keys(map).filter((name) => map[name] === proxy)

/** The hop that stands for a server of the file: as it is mapped, or the hop of that very name. */
export function hopFor({ host, port }: HostAddress, { map, hops, proxy }: HostMap): string | undefined {
  const own = (key: string): string | undefined => (Object.hasOwn(map, key) ? map[key] : undefined)
  const mapped = own(`${host}:${port ?? 80}`) ?? own(host)
  if (mapped !== undefined) return mapped
  return hops.find(({ name, dnsName }) => name !== proxy && (name === host || dnsName === host))?.name
}

/** Keys of the map that name nothing in the file, each with what was maybe meant. */
export function unusedKeys(conf: Conf, { map, proxy }: HostMap): { key: string; near: string | undefined }[] {
  const hosts = new Set<string>()
  const add = ({ host, port }: HostAddress): void => void hosts.add(host).add(`${host}:${port ?? 80}`)
  for (const { servers } of conf.upstreams.values()) for (const { address } of servers) add(address)
  for (const host of passedHosts(conf)) add(host)
  const names = conf.servers.flatMap((server) => server.names)
  return Object.keys(map)
    .filter((key) => (map[key] === proxy ? !names.includes(key) : !hosts.has(key)))
    .map((key) => ({ key, near: nearest(key, map[key] === proxy ? names : [...hosts]) }))
}

function passedHosts(conf: Conf): HostAddress[] {
  const texts = conf.servers.flatMap(({ locations }) =>
    locations.map(({ pass, settings }) => withVariables(pass?.args[0]?.text ?? '', settings)),
  )
  return texts.flatMap((text) => {
    const authority = /^https?:\/\/(unix:[^:]+|[^/?$]*)/.exec(text)?.[1]
    return (authority && parseAddress(authority)) || []
  })
}

/** nginx makes a group of one of an address. */
const loneServer = (address: HostAddress, directive: Directive): Upstream => ({
  directive,
  name: address.host,
  servers: [{ ...DEFAULTS, directive, address }],
  balance: { type: 'round_robin' },
  keepalive: { connections: 0, requests: 1000, idleMs: 60_000, directive: undefined },
})

function edgesOf(conf: Conf, upstream: Upstream, hosts: HostMap, scheme: 'http' | 'https'): object[] {
  const { findings } = conf
  const taken = new Map<string, UpstreamServer>()
  return upstream.servers.flatMap((server) => {
    const { address, directive } = server
    const word = directive.args[0]!
    const hop = hopFor(address, hosts)
    const names = hosts.hops.map(({ name }) => name).filter((name) => name !== hosts.proxy)
    if (hop === undefined) {
      const near = directive.name === 'proxy_pass' ? nearest(address.host, [...conf.upstreams.keys()]) : undefined
      const hint = near === undefined ? `map it to one of: ${names.join(', ')}` : `did you mean the upstream "${near}"?`
      findings.wrongWord(directive, word, `the server "${address.text}" is not mapped to a hop: ${hint}`)
      return []
    }
    if (!names.includes(hop)) return []
    const first = taken.get(hop)
    if (first) {
      findings.wrongWord(
        directive,
        word,
        `the hop "${hop}" stands for "${first.address.text}" already: map one of them to another`,
      )
      return []
    }
    taken.set(hop, server)
    return [edgeOf(server, hop, scheme)]
  })
}

const edgeOf = (server: UpstreamServer, hop: string, scheme: 'http' | 'https') => ({
  hop,
  scheme,
  weight: server.weight,
  max_fails: server.maxFails,
  fail_timeout: ms(server.failTimeoutMs),
  max_conns: server.maxConns,
  backup: server.backup,
  down: server.down,
  slow_start: ms(server.slowStartMs),
})

/** nginx keeps a connection only where it says so to the server. */
const keeps = ({ httpVersion, connection }: Settings): boolean =>
  httpVersion === '1.1' ? connection === '' || connection === 'keep-alive' : connection === 'keep-alive'

const keepaliveOf = ({ keepalive }: Upstream, settings: Settings) => ({
  connections: keeps(settings) ? keepalive.connections : 0,
  idle: ms(keepalive.idleMs),
  requests: Math.max(1, keepalive.requests),
})

function tlsOf({ verify, tlsName, versions, ciphers, clientCertificate }: Settings): object {
  return {
    verify,
    client_certificate: clientCertificate,
    ...(tlsName === undefined ? {} : { server_name: tlsName }),
    ...(versions ? { min_version: versions[0], max_version: versions.at(-1) } : {}),
    ...(ciphers ? { ciphers } : {}),
  }
}

/** nginx asks again every five seconds, until its time is over. */
function resolverOf({ resolverTimeoutMs }: Settings): object {
  const tries = Math.min(10, Math.max(1, Math.ceil(resolverTimeoutMs / ASKS_AGAIN_MS)))
  return { timeout: ms(Math.min(ASKS_AGAIN_MS, resolverTimeoutMs)), tries }
}

const ASKS_AGAIN_MS = 5000

/** What nginx does of itself and the mini proxy does not. */
function noteWhatDiffers(conf: Conf, { location, passes, server }: Answering): void {
  const { findings } = conf
  const { settings } = location
  if (settings.httpVersion === '1.0') {
    const message = 'the mini proxy speaks HTTP/1.1 to it, where nginx speaks HTTP/1.0 without proxy_http_version 1.1'
    findings.note(passes.directive, message)
  }
  if (passes.uri !== undefined) {
    findings.note(passes.directive, `not understood by the mini proxy: it leaves the path as it is ("${passes.uri}")`)
  }
  if (settings.resolver && !passes.variable) {
    findings.note(settings.resolver, 'nobody asks it, as in nginx: proxy_pass has no variable')
  }
  if (passes.scheme === 'https' && !settings.sendsName) {
    findings.note(passes.directive, 'the mini proxy sends the name (SNI), as nginx does with proxy_ssl_server_name on')
  }
  if (server.listens.length > 0 && server.listens.every(isTls)) {
    findings.note(server.directive, 'it speaks TLS, with a certificate of the run in place of its own')
  }
  const keepalive = isUpstream(passes.to) ? passes.to.keepalive.directive : undefined
  if (keepalive && !keeps(settings)) {
    const remedy = 'proxy_http_version 1.1 and proxy_set_header Connection "" are missing'
    findings.note(keepalive, `no connection is kept, as in nginx: ${remedy}`)
  }
}

/** More than any run takes is as good as that. */
const ms = (value: number): string => `${Math.min(value, LONGEST_MS)}ms`

const LONGEST_MS = 500 * 3_600_000
