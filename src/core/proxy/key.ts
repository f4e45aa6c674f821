/**
 * What a hash balancer takes of a request: text with variables in nginx's words. The hash balancers ask it, once for
 * each request; it knows nothing of servers.
 */
import { z } from 'zod'
import { suggestion } from '../../lib/nearest.js'
import { addressBytes } from './address.js'
import type { BalancedRequest } from './balancers/balancer.js'

/** Variables without a name of their own, and what they stand for. */
const variables: Readonly<Record<string, (request: BalancedRequest) => string>> = {
  request_uri: ({ path }) => path,
  uri: ({ path }) => normalized(path.split('?', 1)[0]!),
  args: ({ path }) => argsOf(path),
  remote_addr: ({ client }) => client,
  binary_remote_addr: ({ client }) => String.fromCharCode(...addressBytes(client)),
  request_method: ({ method }) => method,
  host: (request) => (request.header('host') ?? '').replace(/:\d+$/, '').toLowerCase(),
}

/** And those that begin so. */
const prefixes: Readonly<Record<string, (name: string, request: BalancedRequest) => string | undefined>> = {
  http_: (name, request) => request.header(name.replaceAll('_', '-')),
  arg_: (name, { path }) => new RegExp(`(?:^|&)${name}=([^&]*)`, 'i').exec(argsOf(path))?.[1],
  cookie_: (name, request) =>
    new RegExp(`(?:^|[;,]) *${name} *= *([^;]*)`, 'i').exec(request.header('cookie') ?? '')?.[1],
}

const known = [...Object.keys(variables), ...Object.keys(prefixes).map((prefix) => `${prefix}NAME`)]

export const keySchema = z
  .string()
  .min(1)
  .superRefine((key, context) => {
    for (const [, written] of key.matchAll(VARIABLE)) {
      const name = written!.toLowerCase()
      if (Object.hasOwn(variables, name) || prefixOf(name)) continue
      const message = `unknown variable "$${written}", ${suggestion(name, known)}`
      context.addIssue({ code: 'custom', message })
    }
  })
  .meta({ description: `Text with variables, as in nginx: ${known.map((name) => `$${name}`).join(', ')}` })

const VARIABLE = /\$\{?(\w+)\}?/g

/** Empty where nothing of it is there. */
export const readKey = (key: string, request: BalancedRequest): string =>
  key.replace(VARIABLE, (_text, written: string) => {
    const name = written.toLowerCase()
    const prefix = prefixOf(name)
    const value = prefix ? prefixes[prefix]!(name.slice(prefix.length), request) : variables[name]?.(request)
    return value ?? ''
  })

const prefixOf = (name: string): string | undefined =>
  Object.keys(prefixes).find((prefix) => name.startsWith(prefix) && name.length > prefix.length)

const argsOf = (path: string): string => {
  const at = path.indexOf('?')
  return at < 0 ? '' : path.slice(at + 1)
}

/** As nginx has $uri: decoded, a byte a character, with slashes merged and dots resolved. */
function normalized(path: string): string {
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_text, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  if (!/\/[./]/.test(decoded)) return decoded
  const parts: string[] = []
  const given = decoded.split('/')
  for (const part of given) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const open = parts.length > 0 && ['', '.', '..'].includes(given.at(-1)!)
  return `/${parts.join('/')}${open ? '/' : ''}`
}
