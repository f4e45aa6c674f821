/**
 * The proxy_* directives that have a meaning here, one entry each: what nginx 1.22.1 accepts, and which setting of a
 * proxy hop it becomes. read.ts calls it for http, server and location, where the inner one counts.
 */
import { type NextUpstreamCondition, nextUpstreamConditions } from '../../core/proxy/forward.js'
import { type CipherSuite, cipherSuites, type TlsVersion, tlsVersions } from '../../core/tls.js'
import { suggestion } from '../../lib/nearest.js'
import type { ConfFindings } from './findings.js'
import type { Directive, Word } from './tokens.js'
import { parseTimeMs, parseWhole } from './values.js'

export interface Settings {
  connectMs: number
  sendMs: number
  readMs: number
  replyMs: number
  /** Empty: off. */
  nextUpstream: readonly NextUpstreamCondition[]
  tries: number
  /** 0: no limit. */
  nextTimeoutMs: number
  verify: boolean
  tlsName: string | undefined
  sendsName: boolean
  versions: readonly TlsVersion[] | undefined
  ciphers: readonly CipherSuite[] | undefined
  clientCertificate: boolean
  httpVersion: '1.0' | '1.1'
  /** What Connection says to upstreams. */
  connection: string
  resolver: Directive | undefined
  resolverTimeoutMs: number
  /** Variables of `set` with a plain value. */
  variables: Readonly<Record<string, string>>
}

export const defaultSettings: Settings = {
  connectMs: 60_000,
  sendMs: 60_000,
  readMs: 60_000,
  replyMs: 60_000,
  nextUpstream: ['error', 'timeout'],
  tries: 0,
  nextTimeoutMs: 0,
  verify: false,
  tlsName: undefined,
  sendsName: false,
  versions: undefined,
  ciphers: undefined,
  clientCertificate: false,
  httpVersion: '1.0',
  connection: 'close',
  resolver: undefined,
  resolverTimeoutMs: 30_000,
  variables: {},
}

/** What these directives make of the settings around them. Each may be there once, as nginx has it. */
export function settingsIn(directives: readonly Directive[], outer: Settings, findings: ConfFindings): Settings {
  const settings = { ...outer }
  const seen = new Set<string>()
  let headers = false
  for (const directive of directives) {
    const { name } = directive
    if (!Object.hasOwn(settingDirectives, name)) continue
    const { take, repeatable } = settingDirectives[name]!
    if (seen.has(name) && !repeatable) {
      findings.problem(directive, `"${name}" directive is duplicate`)
      continue
    }
    seen.add(name)
    // Those of the outer block are inherited only where there are none.
    if (name === 'proxy_set_header' && !headers) {
      headers = true
      settings.connection = defaultSettings.connection
    }
    take(directive, settings, findings)
  }
  return settings
}

interface SettingDirective {
  becomes: string
  repeatable?: boolean
  take(directive: Directive, settings: Settings, findings: ConfFindings): void
}

type MsKey = 'connectMs' | 'sendMs' | 'readMs' | 'replyMs' | 'nextTimeoutMs' | 'resolverTimeoutMs'

const time = (key: MsKey, becomes: string): SettingDirective => ({
  becomes,
  take(directive, settings, findings) {
    const word = only(directive, findings)
    const ms = word && parseTimeMs(word.text)
    if (ms !== undefined) settings[key] = ms
    else if (word) {
      findings.wrongWord(directive, word, `invalid value "${word.text}": expected a time, such as 500ms, 30s or 1h30m`)
    }
  },
})

const flag = (key: 'verify' | 'sendsName', becomes: string): SettingDirective => ({
  becomes,
  take(directive, settings, findings) {
    const word = only(directive, findings)
    if (word?.text === 'on' || word?.text === 'off') settings[key] = word.text === 'on'
    else if (word) findings.wrongWord(directive, word, `invalid value "${word.text}": expected on or off`)
  },
})

function only(directive: Directive, findings: ConfFindings): Word | undefined {
  const { name, args } = directive
  if (args.length === 1) return args[0]
  findings.problem(directive, `invalid number of arguments in "${name}": expected 1; got ${args.length}`)
  return undefined
}

/** nginx has it among the conditions, where nothing of it can happen. */
const IDLE_CONDITIONS = ['updating']

function takeNextUpstream(directive: Directive, settings: Settings, findings: ConfFindings): void {
  const { args } = directive
  const valid = [...nextUpstreamConditions, 'off']
  if (args.length === 0) findings.problem(directive, `"${directive.name}": expected one of: ${valid.join(', ')}`)
  for (const word of args) {
    if (valid.includes(word.text) || IDLE_CONDITIONS.includes(word.text)) continue
    findings.wrongWord(directive, word, `invalid value "${word.text}", ${suggestion(word.text, valid)}`)
  }
  const words = args.map(({ text }) => text)
  settings.nextUpstream = words.includes('off') ? [] : nextUpstreamConditions.filter((one) => words.includes(one))
}

function takeProtocols(directive: Directive, settings: Settings, findings: ConfFindings): void {
  const words = directive.args.map(({ text }) => text)
  const versions = tlsVersions.filter((version) => words.includes(version))
  if (versions.length > 0) settings.versions = versions
  const older = words.filter((word) => !(tlsVersions as readonly string[]).includes(word))
  if (older.length > 0) findings.note(directive, `${older.join(', ')}: not spoken by the mini proxy`)
}

function takeCiphers(directive: Directive, settings: Settings, findings: ConfFindings): void {
  const names = only(directive, findings)?.text.split(':') ?? []
  const suites = cipherSuites.filter((suite) => names.includes(suite))
  if (suites.length === names.length) settings.ciphers = suites
  else findings.note(directive, 'not understood by the mini proxy, which takes a list of single suites: it offers all')
}

function takeHeader(directive: Directive, settings: Settings, findings: ConfFindings): void {
  const [name, value] = directive.args.map(({ text }) => text)
  if (value === undefined) return findings.problem(directive, 'expected a name and a value')
  const field = name!.toLowerCase()
  if (field === 'connection') settings.connection = value.toLowerCase()
  else if (field !== 'host' || !PASSED_HOST.includes(value)) {
    findings.note(directive, `not understood by the mini proxy, which sends ${name} as the client did`)
  }
}

/** The mini proxy passes the Host of the client on. */
const PASSED_HOST = ['$host', '$http_host']

function takeVersion(directive: Directive, settings: Settings, findings: ConfFindings): void {
  const word = only(directive, findings)
  if (word?.text === '1.0' || word?.text === '1.1') settings.httpVersion = word.text
  else if (word) findings.wrongWord(directive, word, `invalid value "${word.text}": expected 1.0 or 1.1`)
}

function takeVariable(directive: Directive, settings: Settings, findings: ConfFindings): void {
  const [name, value] = directive.args.map(({ text }) => text)
  if (!name?.startsWith('$') || value === undefined) {
    return findings.problem(directive, 'expected a variable and a value, such as: set $backend app.example.com;')
  }
  if (value.includes('$')) findings.note(directive, 'not understood by the mini proxy: a value with variables')
  else settings.variables = { ...settings.variables, [name.slice(1)]: value }
}

/** Every setting that is understood; docs/nginx-conf.md is made of it. */
export const settingDirectives: Readonly<Record<string, SettingDirective>> = {
  proxy_connect_timeout: time('connectMs', '`timeouts.connect`; 60s if absent'),
  proxy_send_timeout: time('sendMs', '`timeouts.send`; 60s if absent'),
  proxy_read_timeout: time('readMs', '`timeouts.read`; 60s if absent'),
  send_timeout: time('replyMs', '`timeouts.reply`; 60s if absent'),
  proxy_next_upstream: { becomes: '`next_upstream`; error timeout if absent', take: takeNextUpstream },
  proxy_next_upstream_tries: {
    becomes: '`tries`; no limit but one per server if absent',
    take(directive, settings, findings) {
      const word = only(directive, findings)
      const tries = word && parseWhole(word.text)
      if (tries !== undefined) settings.tries = tries
      else if (word) findings.wrongWord(directive, word, `invalid number "${word.text}"`)
    },
  },
  proxy_next_upstream_timeout: time('nextTimeoutMs', '`next_upstream_timeout`; no limit if absent or 0'),
  proxy_http_version: {
    becomes: '1.1 lets `keepalive` work; the mini proxy itself speaks HTTP/1.1 to upstreams in any case',
    take: takeVersion,
  },
  proxy_set_header: {
    becomes: '`Connection ""` lets `keepalive` work; `Host` with $host or $http_host is what the mini proxy does',
    repeatable: true,
    take: takeHeader,
  },
  proxy_ssl_verify: flag('verify', '`upstream_tls.verify`, against the CA of the run; off if absent'),
  proxy_ssl_server_name: flag('sendsName', 'nothing: the mini proxy always sends the name (SNI)'),
  proxy_ssl_name: {
    becomes: '`upstream_tls.server_name`, where it is a plain name',
    take(directive, settings, findings) {
      const word = only(directive, findings)
      if (!word) return
      if (HOST_NAME.test(word.text)) settings.tlsName = word.text
      else findings.note(directive, 'not understood by the mini proxy: no plain name')
    },
  },
  proxy_ssl_protocols: { becomes: '`upstream_tls.min_version` and `max_version`', take: takeProtocols },
  proxy_ssl_ciphers: { becomes: '`upstream_tls.ciphers`, where it is a list of single suites', take: takeCiphers },
  proxy_ssl_trusted_certificate: { becomes: 'nothing: the CA of the run stands in its place', take: () => {} },
  proxy_ssl_certificate: {
    becomes: '`upstream_tls.client_certificate`, one of the CA of the run',
    take(_directive, settings) {
      settings.clientCertificate = true
    },
  },
  proxy_ssl_certificate_key: { becomes: 'nothing: the certificate of the run has its own', take: () => {} },
  resolver: {
    becomes: '`resolver`, the name server of the run, where `proxy_pass` has a variable',
    take(directive, settings) {
      settings.resolver = directive
    },
  },
  resolver_timeout: time('resolverTimeoutMs', '`resolver.timeout` and `resolver.tries`; 30s if absent'),
  set: { becomes: 'a variable of `proxy_pass`, where its value is plain', repeatable: true, take: takeVariable },
}

const HOST_NAME = /^(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i
