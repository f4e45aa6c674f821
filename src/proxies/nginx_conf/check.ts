/**
 * Whether each directive is one that nginx knows, and may stand where it does; what it knows and the mini proxy does not
 * is noted. read.ts calls it with what is understood; it reads no values.
 */
import { nearest } from '../../lib/nearest.js'
import type { ConfFindings } from './findings.js'
import { type Context, knownDirectives, strangerDirectives } from './known.js'
import type { Directive } from './tokens.js'

/** Which block each of them opens. The content of others is theirs. */
const OPENS: Readonly<Record<string, Context>> = {
  events: 'events',
  http: 'http',
  server: 'server',
  location: 'location',
  upstream: 'upstream',
  limit_except: 'location',
}

const OWN_CONTENT = ['types', 'map', 'geo', 'split_clients', 'charset_map']

export function checkDirectives(
  directives: readonly Directive[],
  context: Context,
  findings: ConfFindings,
  understood: (name: string, context: Context) => boolean,
): void {
  const loadsModules = directives.some(({ name }) => name === 'load_module')
  const visit = (directive: Directive, here: Context, around: Directive | undefined): void => {
    const { name, block } = directive
    const contexts = knownDirectives.get(name)
    if (!contexts) return unknown(directive, here, loadsModules, findings)
    if (!contexts.includes(here)) {
      const inside = around
        ? ` in "${around.name}"`
        : here === 'http'
          ? ' outside of a server'
          : ' outside of all blocks'
      const hint = around && BLOCKS_OF_HTTP.includes(name) ? `: is the "}" of "${around.name}" missing?` : ''
      const where = `may stand in: ${contexts.map(inWords).join(', ')}`
      return findings.problem(directive, `"${name}" is not allowed${inside}${hint || `, it ${where}`}`)
    }
    const opens = opened(name, here)
    if (block && !opens && !OWN_CONTENT.includes(name)) {
      const hint = around && BLOCKS_OF_HTTP.includes(name) ? `, or the "}" of "${around.name}" is missing` : ''
      return findings.problem(directive, `"${name}" takes no block here: a ";" is missing${hint}`)
    }
    if (!block && (opens || OWN_CONTENT.includes(name))) {
      return findings.problem(directive, `"${name}" has no opening "{"`)
    }
    if (!understood(name, here)) findings.note(directive, `not understood by the mini proxy: ${name}`)
    // What is not understood is not as its content is.
    if (block && opens) for (const one of block) visit(one, opens, directive)
  }
  for (const directive of directives) visit(directive, context, undefined)
}

const BLOCKS_OF_HTTP = ['upstream', 'server']

const inWords = (context: Context): string =>
  ({ main: 'no block', server_if: 'if', location_if: 'if' })[context as string] ?? context

function opened(name: string, here: Context): Context | undefined {
  if (name === 'server') return here === 'http' ? 'server' : undefined
  if (name === 'if') return here === 'server' ? 'server_if' : 'location_if'
  return OPENS[name]
}

function unknown(directive: Directive, here: Context, loadsModules: boolean, findings: ConfFindings): void {
  const { name } = directive
  if (Object.hasOwn(strangerDirectives, name)) {
    return findings.note(directive, `not understood by the mini proxy: ${name} (of ${strangerDirectives[name]})`)
  }
  if (loadsModules) {
    return findings.note(directive, `not understood by the mini proxy: ${name} (maybe of a module that is loaded)`)
  }
  const names = [...knownDirectives].filter(([, contexts]) => contexts.includes(here)).map(([known]) => known)
  const near = nearest(name, names) ?? nearest(name, [...knownDirectives.keys()])
  const hint = near === undefined ? 'nginx 1.22 does not know it either' : `did you mean "${near}"?`
  findings.problem(directive, `unknown directive "${name}", ${hint}`)
}
