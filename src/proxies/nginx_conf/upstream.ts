/**
 * An `upstream` block as nginx 1.22.1 reads it (ngx_http_upstream_server and the balancers' directives): its servers,
 * how it balances and which connections it keeps. read.ts calls it; it knows no hops.
 */
import { type BalancerConfig, withoutBackups } from '../../core/proxy/balancers/index.js'
import { keySchema } from '../../core/proxy/key.js'
import { suggestion } from '../../lib/nearest.js'
import type { ConfFindings } from './findings.js'
import type { Directive, Word } from './tokens.js'
import { type HostAddress, parseAddress, parseTimeMs, parseTimeSeconds, parseWhole } from './values.js'

export interface UpstreamServer {
  directive: Directive
  address: HostAddress
  weight: number
  maxFails: number
  failTimeoutMs: number
  maxConns: number
  slowStartMs: number
  backup: boolean
  down: boolean
}

export interface Upstream {
  directive: Directive
  name: string
  servers: readonly UpstreamServer[]
  balance: BalancerConfig
  keepalive: { connections: number; requests: number; idleMs: number; directive: Directive | undefined }
}

export function readUpstream(directive: Directive, findings: ConfFindings): Upstream | undefined {
  const [name, ...more] = directive.args
  if (!name || more.length > 0) {
    findings.problem(directive, `"upstream" takes one name; got ${directive.args.length}`)
    return undefined
  }
  const reading = new Reading(directive, name.text, findings)
  for (const one of directive.block ?? []) reading.take(one)
  return reading.finish()
}

class Reading {
  private readonly servers: UpstreamServer[] = []
  private balance: { config: BalancerConfig; directive: Directive } | undefined
  private keepalive: Directive | undefined
  private connections = 0
  private requests = 1000
  private idleMs = 60_000

  constructor(
    private readonly directive: Directive,
    private readonly name: string,
    private readonly findings: ConfFindings,
  ) {}

  take(directive: Directive): void {
    const take = upstreamDirectives[directive.name]
    if (take) take.read(this, directive)
  }

  finish(): Upstream {
    const { directive, name, servers, connections, requests, idleMs } = this
    if (servers.length === 0) this.findings.problem(directive, `no servers are inside upstream "${name}"`)
    else if (servers.every(({ backup }) => backup)) {
      this.findings.problem(directive, `upstream "${name}" has only backup servers: nginx wants one that is none`)
    }
    const keepalive = { connections, requests, idleMs, directive: this.keepalive }
    return { directive, name, servers, balance: this.balance?.config ?? { type: 'round_robin' }, keepalive }
  }

  server(directive: Directive): void {
    const [where, ...parameters] = directive.args
    const address = where && parseAddress(where.text)
    if (!where || !address) {
      const got = where ? `"${where.text}"` : 'nothing'
      return this.findings.problem(directive, `expected a server, such as app.example.com:8080; got ${got}`)
    }
    const server: UpstreamServer = { ...DEFAULTS, directive, address }
    for (const word of parameters) this.parameter(directive, word, server)
    this.servers.push(server)
  }

  private parameter(directive: Directive, word: Word, server: UpstreamServer): void {
    const [name, value] = splitOnce(word.text)
    const refused = (message: string) => this.findings.wrongWord(directive, word, message)
    if (Object.hasOwn(STRANGERS, name!)) {
      if (name === 'slow_start') server.slowStartMs = parseTimeMs(value ?? '') ?? 0
      const then = name === 'slow_start' ? '' : '; it has no effect here'
      return this.findings.note(directive, `"${name}" is of ${STRANGERS[name!]}: nginx 1.22 refuses it${then}`)
    }
    const parameter = Object.hasOwn(serverParameters, name!) ? serverParameters[name!] : undefined
    if (!parameter)
      return refused(`invalid parameter "${word.text}", ${suggestion(name!, Object.keys(serverParameters))}`)
    if ((value === undefined) !== parameter.flag) {
      return refused(`invalid parameter "${word.text}": write ${parameter.form}`)
    }
    if (!parameter.take(server, value ?? '')) {
      return refused(`invalid parameter "${word.text}": expected ${parameter.expected}`)
    }
    // nginx looks at the method that was named by then.
    if (name === 'backup' && this.balance && withoutBackups.includes(this.balance.config.type)) {
      refused(`"${this.balance.directive.name}" does not support the parameter "backup": nginx refuses it as well`)
    }
  }

  balanceBy(directive: Directive, config: BalancerConfig | undefined): void {
    const had = this.balance?.directive
    if (had) this.findings.note(directive, `it replaces "${had.name}": nginx warns that the method is redefined`)
    if (this.keepalive) {
      this.findings.note(directive, '"keepalive" before it is lost: nginx wants it behind the balancing method')
      this.connections = 0
    }
    this.balance = config && { config, directive }
    if (config && withoutBackups.includes(config.type) && this.servers.some(({ backup }) => backup)) {
      this.findings.note(directive, `with "${directive.name}" nginx takes a backup server only if it stands before it`)
    }
  }

  hash(directive: Directive): void {
    const [key, consistent, ...more] = directive.args
    if (!key) return this.findings.problem(directive, 'expected a key, such as: hash $request_uri;')
    if (consistent && (consistent.text !== 'consistent' || more.length > 0)) {
      return this.findings.wrongWord(
        directive,
        consistent,
        `invalid parameter "${consistent.text}", expected: consistent`,
      )
    }
    const unknown = keySchema.safeParse(key.text).error?.issues[0]?.message
    if (unknown === undefined) {
      return this.balanceBy(directive, { type: consistent ? 'consistent_hash' : 'hash', key: key.text })
    }
    this.findings.note(directive, `not understood by the mini proxy (${unknown}): it goes round robin`)
    this.balanceBy(directive, undefined)
  }

  random(directive: Directive): void {
    const [two, method, ...more] = directive.args
    const wrong = two && two.text !== 'two' ? two : method && method.text !== 'least_conn' ? method : more[0]
    if (!wrong) return this.balanceBy(directive, { type: two ? 'random_two' : 'random' })
    if (wrong === method && method?.text.startsWith('least_time')) {
      return this.findings.wrongWord(directive, wrong, '"least_time" is of the commercial nginx, expected: least_conn')
    }
    const expected = wrong === two ? 'two' : 'least_conn'
    this.findings.wrongWord(directive, wrong, `invalid parameter "${wrong.text}", expected: ${expected}`)
  }

  keep(directive: Directive): void {
    const number = this.whole(directive)
    if (number === 0) this.findings.problem(directive, 'invalid value "0" in "keepalive": expected at least 1')
    this.keepalive = directive
    this.connections = number ?? 0
  }

  keepRequests(directive: Directive): void {
    this.requests = this.whole(directive) ?? this.requests
  }

  keepIdle(directive: Directive): void {
    const [word] = directive.args
    const ms = word && parseTimeMs(word.text)
    if (ms === undefined) return this.findings.problem(directive, `"${directive.name}": expected a time, such as 60s`)
    this.idleMs = ms
  }

  private whole(directive: Directive): number | undefined {
    const [word, ...more] = directive.args
    const number = word && parseWhole(word.text)
    if (number !== undefined && more.length === 0) return number
    this.findings.problem(directive, `"${directive.name}": expected a whole number; got "${textOf(directive)}"`)
    return undefined
  }
}

const textOf = ({ args }: Directive): string => args.map(({ text }) => text).join(' ')

const splitOnce = (text: string): [string, string | undefined] => {
  const at = text.indexOf('=')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** Of a server line that says nothing. */
export const DEFAULTS = {
  weight: 1,
  maxFails: 1,
  failTimeoutMs: 10_000,
  maxConns: 0,
  slowStartMs: 0,
  backup: false,
  down: false,
}

interface Parameter {
  flag: boolean
  form: string
  expected: string
  becomes: string
  /** False: nginx refuses the value. */
  take(server: UpstreamServer, value: string): boolean
}

const number = (key: 'weight' | 'maxFails' | 'maxConns', name: string, least: number, becomes: string): Parameter => ({
  flag: false,
  form: `${name}=NUMBER`,
  expected: `a whole number from ${least}`,
  becomes,
  take(server, value) {
    const parsed = parseWhole(value)
    if (parsed === undefined || parsed < least) return false
    server[key] = parsed
    return true
  },
})

const flag = (key: 'backup' | 'down', becomes: string): Parameter => ({
  flag: true,
  form: key,
  expected: '',
  becomes,
  take(server) {
    server[key] = true
    return true
  },
})

/** What may stand behind a server; docs/nginx-conf.md is made of it. */
export const serverParameters: Readonly<Record<string, Parameter>> = {
  weight: number('weight', 'weight', 1, '`weight`; 1 if absent'),
  max_conns: number('maxConns', 'max_conns', 0, '`max_conns`; no limit if absent'),
  max_fails: number('maxFails', 'max_fails', 0, '`max_fails`; 1 if absent, as in nginx and unlike in a scenario file'),
  fail_timeout: {
    flag: false,
    form: 'fail_timeout=TIME',
    expected: 'a time in whole seconds, such as 30s or 1m',
    becomes: '`fail_timeout`; 10s if absent',
    take(server, value) {
      const seconds = parseTimeSeconds(value)
      if (seconds === undefined) return false
      server.failTimeoutMs = seconds * 1000
      return true
    },
  },
  backup: flag('backup', '`backup`'),
  down: flag('down', '`down`'),
}

const STRANGERS: Readonly<Record<string, string>> = {
  slow_start: 'the commercial nginx',
  resolve: 'nginx 1.27.3 and the commercial nginx',
  service: 'nginx 1.27.3 and the commercial nginx',
  route: 'nginx 1.29.6 and the commercial nginx',
  drain: 'nginx 1.29.6 and the commercial nginx',
}

interface UpstreamDirective {
  becomes: string
  read(reading: Reading, directive: Directive): void
}

/** What may stand in an upstream block; docs/nginx-conf.md is made of it. */
export const upstreamDirectives: Readonly<Record<string, UpstreamDirective>> = {
  server: { becomes: 'an entry of `to`', read: (reading, directive) => reading.server(directive) },
  least_conn: {
    becomes: '`balance: least_conn`',
    read: (reading, directive) => reading.balanceBy(directive, { type: 'least_conn' }),
  },
  ip_hash: {
    becomes: '`balance: ip_hash`',
    read: (reading, directive) => reading.balanceBy(directive, { type: 'ip_hash' }),
  },
  hash: {
    becomes: '`balance: hash` or `consistent_hash`, with its key where the mini proxy knows the variables',
    read: (reading, directive) => reading.hash(directive),
  },
  random: {
    becomes: '`balance: random`, with `two` `random_two`',
    read: (reading, directive) => reading.random(directive),
  },
  keepalive: {
    becomes: '`keepalive.connections`; none is kept if absent',
    read: (reading, directive) => reading.keep(directive),
  },
  keepalive_requests: {
    becomes: '`keepalive.requests`; 1000 if absent',
    read: (reading, directive) => reading.keepRequests(directive),
  },
  keepalive_timeout: {
    becomes: '`keepalive.idle`; 60s if absent',
    read: (reading, directive) => reading.keepIdle(directive),
  },
  zone: { becomes: 'nothing: the mini proxy has one state of its servers anyhow', read: () => {} },
}
