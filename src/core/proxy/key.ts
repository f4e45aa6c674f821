/** What a hash balancer takes of a request: text with variables in nginx's words. */
import { z } from 'zod'
import { suggestion } from '../../lib/nearest.js'
import type { BalancedRequest } from './balancers/balancer.js'

/** Variables without a name of their own, and what they stand for. */
const variables: Readonly<Record<string, (request: BalancedRequest) => string>> = {
  request_uri: ({ path }) => path,
  uri: ({ path }) => path.split('?', 1)[0]!,
  args: ({ path }) => path.slice(path.split('?', 1)[0]!.length + 1),
  remote_addr: ({ client }) => client,
  request_method: ({ method }) => method,
  host: (request) => (request.header('host') ?? '').replace(/:\d+$/, '').toLowerCase(),
}

/** And those that begin so. */
const prefixes: Readonly<Record<string, (name: string, request: BalancedRequest) => string | undefined>> = {
  http_: (name, request) => request.header(name.replaceAll('_', '-')),
  arg_: (name, { path }) => valueIn(path.slice(path.indexOf('?') + 1), '&', name),
  cookie_: (name, request) => valueIn(request.header('cookie') ?? '', /;\s*/, name),
}

const known = [...Object.keys(variables), ...Object.keys(prefixes).map((prefix) => `${prefix}NAME`)]

export const keySchema = z
  .string()
  .min(1)
  .superRefine((key, context) => {
    for (const [, name] of key.matchAll(VARIABLE)) {
      if (Object.hasOwn(variables, name!) || prefixOf(name!)) continue
      const message = `unknown variable "$${name}", ${suggestion(name!, known)}`
      context.addIssue({ code: 'custom', message })
    }
  })
  .meta({ description: `Text with variables, as in nginx: ${known.map((name) => `$${name}`).join(', ')}` })

const VARIABLE = /\$\{?(\w+)\}?/g

/** Empty where nothing of it is there. */
export const readKey = (key: string, request: BalancedRequest): string =>
  key.replace(VARIABLE, (_text, name: string) => {
    const prefix = prefixOf(name)
    const value = prefix ? prefixes[prefix]!(name.slice(prefix.length), request) : variables[name]?.(request)
    return value ?? ''
  })

const prefixOf = (name: string): string | undefined =>
  Object.keys(prefixes).find((prefix) => name.startsWith(prefix) && name.length > prefix.length)

function valueIn(text: string, separator: string | RegExp, name: string): string | undefined {
  const found = text.split(separator).find((part) => part.slice(0, part.indexOf('=')).toLowerCase() === name)
  return found?.slice(found.indexOf('=') + 1)
}
