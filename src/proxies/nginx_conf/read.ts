/**
 * An nginx configuration as what a proxy can make of it: its upstreams, server blocks and locations, with everything
 * that is wrong and everything that is passed over. Pure: whoever calls it gives it the texts. It knows no hops.
 */
import { type Problem, ScenarioError } from '../../lib/errors.js'
import { checkDirectives } from './check.js'
import { ConfFindings, inOrder, told } from './findings.js'
import { type Context, knownDirectives } from './known.js'
import { defaultSettings, type Settings, settingDirectives, settingsIn } from './settings.js'
import { type ConfSource, type Directive, parseConf } from './tokens.js'
import { readUpstream, type Upstream, upstreamDirectives } from './upstream.js'

export interface Conf {
  /** The file that was named comes first, then what it includes. */
  sources: readonly ConfSource[]
  /** A whole nginx.conf; else what may stand in its `http` block. */
  whole: boolean
  /** Of all sources: what is included stands in the place of its `include`. */
  directives: readonly Directive[]
  includes: readonly Included[]
  upstreams: ReadonlyMap<string, Upstream>
  servers: readonly ServerBlock[]
  findings: ConfFindings
}

export interface Included {
  directive: Directive
  sources: readonly ConfSource[]
}

export interface ServerBlock {
  directive: Directive
  names: readonly string[]
  listens: readonly Directive[]
  locations: readonly Location[]
}

export interface Location {
  directive: Directive
  /** As it is written, such as `/` or `~ \.php$`. */
  path: string
  settings: Settings
  pass: Directive | undefined
}

/** The files that an `include` means, or why there are none. */
export type Include = (pattern: string) => readonly ConfSource[] | string

export function readConf(main: ConfSource, include: Include): Conf {
  const findings = new ConfFindings()
  const sources: ConfSource[] = []
  const includes: Included[] = []
  const open = (source: ConfSource, depth: number): Directive[] => {
    sources.push(source)
    const { directives, problems } = parseConf(source, (word) => knownDirectives.has(word))
    findings.problems.push(...problems.map(({ offset, message }) => told(source, offset, message)))
    const splice = (list: readonly Directive[]): Directive[] =>
      list.flatMap((directive) => {
        if (directive.name !== 'include') {
          return directive.block ? [{ ...directive, block: splice(directive.block) }] : [directive]
        }
        const found = includedBy(directive, depth, include, findings)
        includes.push({ directive, sources: found })
        return found.flatMap((one) => open(one, depth + 1))
      })
    return splice(directives)
  }
  const directives = open(main, 0)
  const whole = directives.some(({ name }) => name === 'http' || name === 'events')
  checkDirectives(directives, whole ? 'main' : 'http', findings, isUnderstood)
  if (whole && !directives.some(({ name }) => name === 'events')) {
    findings.problems.push(told(main, 0, 'no "events" section in configuration: nginx refuses it as well'))
  }
  const http = whole ? directives.filter(({ name }) => name === 'http').flatMap(({ block }) => block ?? []) : directives
  const settings = settingsIn(http, defaultSettings, findings)
  return {
    sources,
    whole,
    directives,
    includes,
    upstreams: upstreamsIn(http, findings),
    servers: http
      .filter(({ name, block }) => name === 'server' && block)
      .map((directive) => readServer(directive, settings, findings)),
    findings,
  }
}

/** @throws ScenarioError with every mistake that was found */
export function mustBeSound({ problems }: { problems: readonly Problem[] }): void {
  if (problems.length > 0) throw new ScenarioError(inOrder(problems))
}

/** Includes that include each other would never end. */
const MAX_INCLUDES = 10

function includedBy(directive: Directive, depth: number, include: Include, findings: ConfFindings) {
  const [word, ...more] = directive.args
  if (!word || more.length > 0) {
    findings.problem(directive, `invalid number of arguments in "include": expected 1; got ${directive.args.length}`)
    return []
  }
  const found = depth < MAX_INCLUDES ? include(word.text) : `more than ${MAX_INCLUDES} files, one including the other`
  if (typeof found !== 'string') return found
  findings.problem(directive, `can't include "${word.text}": ${found}`)
  return []
}

/** The blocks, and what is asked of them where they are read. */
const STRUCTURE: Readonly<Partial<Record<Context, readonly string[]>>> = {
  main: ['http', 'events'],
  http: ['upstream', 'server'],
  server: ['listen', 'server_name', 'location'],
  location: ['proxy_pass'],
}

export const isUnderstood = (name: string, context: Context): boolean =>
  STRUCTURE[context]?.includes(name) === true ||
  (context === 'upstream' && Object.hasOwn(upstreamDirectives, name)) ||
  (['http', 'server', 'location'].includes(context) && Object.hasOwn(settingDirectives, name))

function upstreamsIn(http: readonly Directive[], findings: ConfFindings): Map<string, Upstream> {
  const upstreams = new Map<string, Upstream>()
  for (const directive of http) {
    if (directive.name !== 'upstream' || !directive.block) continue
    const upstream = readUpstream(directive, findings)
    if (!upstream) continue
    const first = upstreams.get(upstream.name)
    if (!first) upstreams.set(upstream.name, upstream)
    else {
      const { line } = told(first.directive.source, first.directive.start, '')
      findings.problem(directive, `duplicate upstream "${upstream.name}": the first is in line ${line}`)
    }
  }
  return upstreams
}

function readServer(directive: Directive, outer: Settings, findings: ConfFindings): ServerBlock {
  const inside = directive.block ?? []
  const settings = settingsIn(inside, outer, findings)
  return {
    directive,
    names: inside.filter(({ name }) => name === 'server_name').flatMap(({ args }) => args.map(({ text }) => text)),
    listens: inside.filter(({ name }) => name === 'listen'),
    locations: inside
      .filter(({ name, block }) => name === 'location' && block)
      .map((location) => readLocation(location, settings, findings)),
  }
}

function readLocation(directive: Directive, outer: Settings, findings: ConfFindings): Location {
  const inside = directive.block ?? []
  if (directive.args.length === 0 || directive.args.length > 2) {
    findings.problem(directive, `invalid number of arguments in "location": expected 1 or 2`)
  }
  const [pass, ...more] = inside.filter(({ name }) => name === 'proxy_pass')
  for (const one of more) findings.problem(one, '"proxy_pass" directive is duplicate')
  if (pass && pass.args.length !== 1) {
    findings.problem(pass, `invalid number of arguments in "proxy_pass": expected 1; got ${pass.args.length}`)
  }
  return {
    directive,
    path: directive.args.map(({ text }) => text).join(' '),
    settings: settingsIn(inside, outer, findings),
    pass: pass?.args.length === 1 ? pass : undefined,
  }
}
