/**
 * A user's own configuration for the real nginx: where it listens and whom it passes requests on to become addresses of
 * the run, its logs and folders those of the rig; everything else stays byte for byte. Text in, text out; the driver of
 * nginx calls it, and the command line shows the difference.
 */
import { isAbsolute, join } from 'node:path'
import { type Answering, chooseAnswering, withVariables } from './answering.js'
import type { Conf, Location } from './read.js'
import { type HostMap, hopFor, isTls, namesOfProxy } from './to_hop.js'
import type { ConfSource, Directive, Word } from './tokens.js'
import { type HostAddress, parseAddress } from './values.js'

export interface RigPlaces {
  /** Where clients come to. */
  port: number
  /** Of the run, for whatever is written. */
  folder: string
  /** Where the configuration is, and the files that it names beside it; absolute. */
  beside: string | undefined
  /** host:port, or unix: and a path; undefined for a hop that this proxy does not pass requests on to. */
  addressOf(hop: string): string | undefined
  /** What the rig needs outside of all blocks and in `http`; directives of the same names make room for them. */
  mainLines: readonly string[]
  httpLines: readonly string[]
}

/** Undefined where nothing answers; the findings of the configuration say why, and what could not be rewritten. */
export function rewriteConf(conf: Conf, hosts: HostMap, places: RigPlaces): string | undefined {
  const answering = chooseAnswering(conf, namesOfProxy(hosts))
  if (!answering) return undefined
  const rewriting = new Rewriting(conf, hosts, places)
  rewriting.listen(answering)
  rewriting.upstreams()
  for (const { locations } of conf.servers) for (const location of locations) rewriting.pass(location)
  rewriting.everywhere(conf.directives)
  rewriting.rigLines()
  return rewriting.text(conf.sources[0]!)
}

interface Edit {
  start: number
  end: number
  text: string
}

/** Nobody listens there: the discard service is long gone. */
const NOBODY = '127.0.0.1:9'

class Rewriting {
  private readonly edits = new Map<ConfSource, Edit[]>()
  private sockets = 0
  private caches = 0
  private readonly rigNames: ReadonlySet<string>

  constructor(
    private readonly conf: Conf,
    private readonly hosts: HostMap,
    private readonly places: RigPlaces,
  ) {
    const names = [...places.mainLines, ...places.httpLines].map((line) => line.split(' ')[0]!)
    this.rigNames = new Set(names.filter((name) => !SHARED_NAMES.includes(name)))
  }

  /** The server block that answers gets the port of the run, all others a socket of their own. */
  listen({ server }: Answering): void {
    const moved = new Map<string, string>()
    for (const block of this.conf.servers) {
      const answers = block === server
      const plain = block.listens.find((listen) => !isTls(listen)) ?? block.listens[0]
      if (answers && plain && isTls(plain)) {
        this.conf.findings.problem(plain, 'the server block that answers speaks TLS only: here it needs a plain listen')
      }
      if (block.listens.length === 0) {
        const { directive } = block
        const to = answers ? `127.0.0.1:${this.places.port}` : this.socketFor('80', moved)
        this.edit(directive.source, { start: directive.end, end: directive.end, text: `\n    listen ${to};` })
      }
      for (const listen of block.listens) {
        const [word, ...parameters] = listen.args
        if (!word) continue
        const isIt = answers && listen === plain
        // The one that answers shares no address with others: it is the default there.
        const own = answers ? new Map<string, string>() : moved
        this.replace(listen, word, isIt ? `127.0.0.1:${this.places.port}` : this.socketFor(word.text, own))
        for (const parameter of parameters) {
          const name = parameter.text.split('=')[0]!
          if (name === 'ipv6only' || (!isIt && OF_TCP.includes(name))) this.replace(listen, parameter, '')
        }
      }
    }
  }

  private socketFor(address: string, moved: Map<string, string>): string {
    const known = moved.get(address)
    if (known !== undefined) return known
    const socket = `unix:${this.places.folder}/other-${++this.sockets}.sock`
    moved.set(address, socket)
    return socket
  }

  upstreams(): void {
    for (const { servers } of this.conf.upstreams.values()) {
      for (const { directive, address } of servers) {
        this.replace(directive, directive.args[0]!, this.addressFor(address, directive))
      }
    }
  }

  pass({ pass, settings }: Location): void {
    const word = pass?.args[0]
    const text = word && withVariables(word.text, settings)
    const parts = text && /^(https?:\/\/)(unix:[^:]+:?|[^/?$]*)(.*)$/s.exec(text)
    if (!pass || !parts) return
    const [, scheme, authority, rest] = parts as unknown as [string, string, string, string]
    const address = parseAddress(authority.replace(/:$/, ''))
    if (!address || this.conf.upstreams.has(authority)) return
    if (text !== word.text) {
      this.conf.findings.note(pass, 'its name is not asked for: the address of the hop stands in its place')
    }
    const to = this.addressFor(address, pass)
    this.replace(pass, word, `${scheme}${to}${to.startsWith('unix:') ? ':' : ''}${rest}`)
  }

  private addressFor(address: HostAddress, directive: Directive): string {
    const hop = hopFor(address, this.hosts)
    const found = hop === undefined ? undefined : this.places.addressOf(hop)
    if (found === undefined) {
      this.conf.findings.note(
        directive,
        `"${address.text}" is no server of the proxy here: nobody listens in its place`,
      )
    }
    return found ?? NOBODY
  }

  /** Logs, folders and what the rig says itself, and files that would be looked for beside the new one. */
  everywhere(directives: readonly Directive[]): void {
    for (const directive of directives) {
      const { name, args, block } = directive
      const [word] = args
      if (this.rigNames.has(name)) this.remove(directive)
      else if (name === 'proxy_cache_path' && word) {
        this.replace(directive, word, `${this.places.folder}/cache-${++this.caches}`)
      } else if (FILES.test(name) && word && !isAbsolute(word.text) && !word.text.includes('$')) {
        this.replace(directive, word, this.beside(word.text))
      } else if (OTHER_PASSES.includes(name)) {
        this.conf.findings.note(directive, `not rewritten: "${name}" goes where it says`)
      }
      if (block) this.everywhere(block)
    }
  }

  private beside(path: string): string {
    const { beside } = this.places
    return beside === undefined ? path : join(beside, path)
  }

  /** With its line, where nothing else stands there. */
  private remove({ source, start, end }: Directive): void {
    const { text } = source
    const from = text.lastIndexOf('\n', start - 1) + 1
    const to = text.indexOf('\n', end)
    const alone = to >= 0 && `${text.slice(from, start)}${text.slice(end, to)}`.trim() === ''
    this.edit(source, alone ? { start: from, end: to + 1, text: '' } : { start, end, text: '' })
  }

  /** Around a file that is only what stands in `http`, or into one that is whole. */
  rigLines(): void {
    const { conf, places } = this
    const [main] = conf.sources
    const inHttp = places.httpLines.map((line) => `\n    ${line}`).join('')
    const before = `${places.mainLines.join('\n')}\n`
    if (!conf.whole) {
      const head = `${before}events { worker_connections 8192; }\nhttp {${inHttp}\n`
      this.edit(main!, { start: 0, end: 0, text: head })
      const { length } = main!.text
      this.edit(main!, { start: length, end: length, text: `${main!.text.endsWith('\n') ? '' : '\n'}}\n` })
      return
    }
    this.edit(main!, { start: 0, end: 0, text: before })
    const http = conf.directives.find(({ name }) => name === 'http')!
    this.edit(http.source, { start: http.end, end: http.end, text: inHttp })
  }

  /** An included file stands in the place of its include where something in it is another now. */
  text(source: ConfSource): string {
    const edits = [...(this.edits.get(source) ?? [])]
    for (const { directive, sources } of this.conf.includes) {
      if (directive.source !== source) continue
      const changed = sources.some((one) => this.isChanged(one))
      const word = directive.args[0]!
      if (changed) {
        const text = [`# include ${word.text};`, ...sources.map((one) => this.text(one))].join('\n')
        edits.push({ start: directive.start, end: directive.end, text: `${text}\n` })
      } else if (!isAbsolute(word.text)) edits.push({ start: word.start, end: word.end, text: this.beside(word.text) })
    }
    return applied(source.text, edits)
  }

  private isChanged(source: ConfSource): boolean {
    const inner = this.conf.includes.filter(({ directive }) => directive.source === source)
    return this.edits.has(source) || inner.some(({ sources }) => sources.some((one) => this.isChanged(one)))
  }

  private replace({ source }: Directive, { start, end }: Word, text: string): void {
    this.edit(source, { start, end, text })
  }

  private edit(source: ConfSource, edit: Edit): void {
    this.edits.set(source, [...(this.edits.get(source) ?? []), edit])
  }
}

function applied(text: string, edits: readonly Edit[]): string {
  let [result, at] = ['', 0]
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    // What is in a directive that goes away goes with it.
    if (edit.start < at) continue
    result += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return result + text.slice(at)
}

/** The rig says some of these, and may be one of many that do. */
const SHARED_NAMES = ['map', 'log_format', 'server', 'listen', 'location', 'default', '""', '}', '']

/** Parameters of `listen` that a unix socket can't have. */
const OF_TCP = ['reuseport', 'deferred', 'fastopen', 'so_keepalive', 'quic']

/** Their files are beside the configuration, if no folder is told. */
const FILES =
  /^((proxy_|grpc_|uwsgi_)?ssl_(certificate|certificate_key|trusted_certificate|client_certificate|crl|dhparam|password_file|session_ticket_key|stapling_file)|auth_basic_user_file|ssl_client_certificate|ssl_dhparam)$/

const OTHER_PASSES = ['fastcgi_pass', 'uwsgi_pass', 'scgi_pass', 'grpc_pass', 'memcached_pass']
