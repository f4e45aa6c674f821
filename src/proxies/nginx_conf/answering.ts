/**
 * Which server block and which location of a configuration answer, and whom they pass requests on to. The mini proxy's
 * hop and the rewriting for a real nginx are made of the same choice.
 */
import { told } from './findings.js'
import type { Conf, Location, ServerBlock } from './read.js'
import type { Settings } from './settings.js'
import type { Directive } from './tokens.js'
import type { Upstream } from './upstream.js'
import { type HostAddress, parseAddress } from './values.js'

export interface Answering {
  server: ServerBlock
  location: Location
  passes: Passing
}

/** What a `proxy_pass` says. */
export interface Passing {
  directive: Directive
  scheme: 'http' | 'https'
  /** An upstream block of the file, or a server by its address. */
  to: Upstream | HostAddress
  /** A path that takes the place of the location's. */
  uri: string | undefined
  /** It has a variable: nginx asks its resolver for the name. */
  variable: boolean
}

export const isUpstream = (to: Passing['to']): to is Upstream => 'servers' in to

/**
 * The server block with one of these names, else the first that passes requests on; of its locations `/`, else the one
 * with the shortest prefix.
 * @param names as the user mapped them to the proxy itself
 */
export function chooseAnswering(conf: Conf, names: readonly string[]): Answering | undefined {
  const { servers, findings, sources } = conf
  const passing = servers.filter(({ locations }) => locations.some(({ pass }) => pass))
  const server = passing.find((one) => names.some((name) => one.names.includes(name))) ?? passing[0]
  if (!server) {
    const hint = servers.length === 0 ? 'it has no server block' : 'no location of a server block has a proxy_pass'
    findings.problems.push(told(sources[0]!, 0, `nothing is passed on: ${hint}`))
    return undefined
  }
  if (passing.length > 1) {
    const others = passing.filter((one) => one !== server)
    const lines = others.map(({ directive }) => told(directive.source, directive.start, '').line).join(', ')
    const how =
      server.names[0] === undefined ? 'map the server_name of another to the proxy' : 'map another server_name'
    findings.note(server.directive, `this server block answers, not that of line ${lines}: ${how} to change that`)
  }
  const location = chooseLocation(server)
  for (const other of server.locations) {
    const { pass, directive, path } = other
    if (other === location) continue
    if (pass) passingOf(conf, pass, other, false)
    findings.note(
      directive,
      `not understood by the mini proxy: it goes by "location ${location.path}" for every path, not "${path}"`,
    )
  }
  const passes = passingOf(conf, location.pass!, location)
  return passes && { server, location, passes }
}

function chooseLocation({ locations }: ServerBlock): Location {
  const passing = locations.filter(({ pass }) => pass)
  const prefixes = passing.filter(({ path }) => path.startsWith('/')).toSorted((a, b) => a.path.length - b.path.length)
  return prefixes[0] ?? passing[0]!
}

/**
 * What it passes requests on to, as far as that is known before one comes.
 * @param answers it is the one that counts: where that is not known, it is a problem
 */
export function passingOf(conf: Conf, pass: Directive, { settings }: Location, answers = true): Passing | undefined {
  const { findings, upstreams } = conf
  const [word] = pass.args
  const wrong = (message: string): undefined => findings.wrongWord(pass, word!, message) as undefined
  const variables = [...word!.text.matchAll(/\$\{?(\w+)\}?/g)].map(([, name]) => name!)
  const unknown = variables.filter((name) => !URI_VARIABLES.includes(name) && !Object.hasOwn(settings.variables, name))
  if (unknown.length > 0) {
    if (!answers) return undefined
    return wrong(
      `whom "$${unknown[0]}" means is not known before a request comes: expected a plain name, or a variable of "set"`,
    )
  }
  const text = withVariables(word!.text, settings)
  const url = /^(https?):\/\/(unix:[^:]+:?|[^/?$]*)(.*)$/.exec(text)
  if (!url) return wrong(`invalid URL prefix in "${text}": expected http:// or https://`)
  const [, scheme, authority, uri] = url as unknown as [string, 'http' | 'https', string, string]
  const address = parseAddress(authority.startsWith('unix:') ? authority.replace(/:$/, '') : authority)
  if (!address) return wrong(`invalid host or port in "${text}"`)
  const upstream = upstreams.get(authority) ?? upstreams.get(address.host)
  if (upstream && address.port !== undefined) {
    return wrong(`upstream "${upstream.name}" may not have port ${address.port}: its servers have`)
  }
  const variable = variables.length > 0
  const plainUri = uri === '' || URI_VARIABLES.some((name) => uri === `$${name}`)
  return { directive: pass, scheme, to: upstream ?? address, uri: plainUri ? undefined : uri, variable }
}

/** Of the request: they may stand behind the host. */
const URI_VARIABLES = ['request_uri', 'uri', 'is_args', 'args']

/** With the values that `set` gave to variables. */
export const withVariables = (text: string, { variables }: Pick<Settings, 'variables'>): string =>
  text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => (Object.hasOwn(variables, name) ? variables[name]! : whole))
