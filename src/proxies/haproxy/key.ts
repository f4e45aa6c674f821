/** The key of a hash balancer, text with variables in nginx's words, as an expression of HAProxy. configuration.ts asks. */

const VARIABLES: Readonly<Record<string, string>> = {
  request_uri: 'url',
  uri: 'path',
  args: 'query',
  remote_addr: 'src',
  binary_remote_addr: 'src',
  request_method: 'method',
  host: 'req.hdr(host),field(1,:),lower',
}

const PREFIXES: Readonly<Record<string, (name: string) => string>> = {
  http_: (name) => `req.fhdr(${name.replaceAll('_', '-')})`,
  arg_: (name) => `urlp(${name})`,
  cookie_: (name) => `req.cook(${name})`,
}

export const keyExpression = (key: string): string =>
  key
    .split(/(\$\{?\w+\}?)/)
    .map((part, index) => (index % 2 === 0 ? part.replaceAll('%', '%%') : `%[${fetchOf(part.replace(/[${}]/g, ''))}]`))
    .join('')

function fetchOf(written: string): string {
  const name = written.toLowerCase()
  const [prefix, fetch] = Object.entries(PREFIXES).find(([one]) => name.startsWith(one)) ?? []
  return fetch ? fetch(name.slice(prefix!.length)) : (VARIABLES[name] ?? 'always_false')
}
