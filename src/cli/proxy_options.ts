/** The options that put a real proxy into the path: their words, and who stands in then. run.ts takes them. */
import { isIPv4 } from 'node:net'
import { type Command, InvalidArgumentError } from 'commander'
import { ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import type { Product, StandIn } from '../live/proxies/stand_in.js'
import { type ProxyName, proxies } from '../proxies/index.js'
import type { ProxyConfig } from '../scenario/nginx_conf.js'
import { coloured } from './environment.js'

export interface ProxyOptions {
  proxy?: ProxyName | URL
  proxyBin?: string
  proxyConfig?: string
  /** Hosts of the configuration to hops. */
  map: Record<string, string>
  proxyUpstreamPort?: number[]
  allowRemote?: boolean
}

/** Where a proxy that the user runs expects its server, if nothing else is said. */
const UPSTREAM_PORT = 9001

export const withProxyOptions = (command: Command): Command =>
  command
    .option(
      '--proxy <name|url>',
      `a real proxy in the place of the one under test, or of the first: ${Object.keys(proxies).join(', ')}, or the URL of one that you run`,
      parseProxy,
    )
    .option('--proxy-bin <path>', 'its program, where it is not the one in PATH')
    .option('--proxy-config <file>', 'an nginx configuration for that proxy, or for the mini proxy without --proxy')
    .option('--map <host=hop>', 'which hop stands for a host of it; repeatable', parseMap, {})
    .option(
      '--proxy-upstream-port <ports>',
      `with a URL: where it expects its servers (${UPSTREAM_PORT}), such as 9001,9002`,
      parsePorts,
    )
    .option('--allow-remote', 'with a URL: it may be on another machine')

/**
 * @param say tells the user what to do meanwhile
 * @throws ScenarioError where options don't go together, CannotRunError where the program is missing
 */
export async function standInOf(options: ProxyOptions, say: (text: string) => void): Promise<StandIn | undefined> {
  const { proxy, proxyBin, proxyUpstreamPort = [UPSTREAM_PORT] } = options
  checkTogether(options)
  if (proxy === undefined) return undefined
  if (typeof proxy === 'string') {
    const [{ findProduct }, { confDiff }] = await Promise.all([
      import('../live/proxies/find.js'),
      import('./conf_diff.js'),
    ])
    const printer = diffPrinter((...two) => say(confDiff(...two, coloured(process.stderr))))
    return { ...(await findProduct(proxy, proxyBin)), configured: printer }
  }
  const upstreams = proxyUpstreamPort.map((port) => `127.0.0.1:${port}`).join(', ')
  say(`${proxy.origin} is expected to be a proxy in front of ${upstreams}, which are there while a scenario runs.\n`)
  const host = proxy.hostname === 'localhost' ? '127.0.0.1' : proxy.hostname
  return { is: 'url', name: proxy.origin, host, port: Number(proxy.port || 80), upstreamPorts: proxyUpstreamPort }
}

/** A configuration of the user's own, once per file: runs differ in nothing but ports. */
function diffPrinter(say: (file: string, before: string, after: string) => void): NonNullable<Product['configured']> {
  const shown = new Set<string>()
  return ({ own, hop }, text) => {
    const file = own?.source.file ?? `hops.${hop}.nginx.config`
    if (!own || shown.has(file)) return
    shown.add(file)
    say(file, own.source.text, text)
  }
}

/** @throws ScenarioError for a map of no file */
export function proxyConfigOf({ proxyConfig: file, map }: ProxyOptions): ProxyConfig | undefined {
  if (file !== undefined) return { file, map }
  if (Object.keys(map).length === 0) return undefined
  throw new ScenarioError([{ path: '', message: '--map is for a --proxy-config: say which file' }])
}

function checkTogether({ proxy, proxyBin, proxyUpstreamPort, allowRemote }: ProxyOptions): void {
  const problems: string[] = []
  const isUrl = proxy instanceof URL
  if (proxyBin !== undefined && typeof proxy !== 'string') {
    problems.push('--proxy-bin is the program of a proxy with a name: say which, such as --proxy nginx')
  }
  if (proxyUpstreamPort !== undefined && !isUrl)
    problems.push('--proxy-upstream-port is for a proxy that you run: --proxy URL')
  if (allowRemote && !isUrl) problems.push('--allow-remote is for a proxy that you run: --proxy URL')
  if (isUrl && !allowRemote && !isLoopback(proxy.hostname)) {
    problems.push(`--proxy ${proxy.origin} is not on this machine: no traffic leaves loopback without --allow-remote`)
  }
  if (problems.length > 0) throw new ScenarioError(problems.map((message) => ({ path: '', message })))
}

const isLoopback = (host: string): boolean => host === 'localhost' || (isIPv4(host) && host.startsWith('127.'))

function parseProxy(word: string): ProxyName | URL {
  if (/^[a-z]+:\/\//i.test(word)) return parseUrl(word)
  if (Object.hasOwn(proxies, word)) return word as ProxyName
  throw new InvalidArgumentError(
    `Unknown proxy "${word}", ${suggestion(word, [...Object.keys(proxies), 'http://HOST:PORT'])}`,
  )
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && url.href === `${url.origin}/`) return url
  throw new InvalidArgumentError('Expected http://HOST:PORT, without a path.')
}

function parseMap(text: string, all: ProxyOptions['map']): ProxyOptions['map'] {
  const at = text.lastIndexOf('=')
  if (at < 1 || at === text.length - 1) {
    throw new InvalidArgumentError('Expected a host and a hop, such as app.example.com=app.')
  }
  return { ...all, [text.slice(0, at)]: text.slice(at + 1) }
}

function parsePorts(text: string): number[] {
  const ports = text.split(',').map(Number)
  if (
    ports.every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535) &&
    new Set(ports).size === ports.length
  ) {
    return ports
  }
  throw new InvalidArgumentError('Expected different ports from 1 to 65535, such as 9001,9002.')
}
