/**
 * A proxy hop with `nginx:` takes its upstreams and settings from an nginx configuration. Before anything of a scenario
 * is checked, they are put in the place where people write them by hand, so that all other checks hold for them, too.
 */
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { type Problem, ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { includeBeside, readConfFile } from '../proxies/nginx_conf/files.js'
import { inOrder } from '../proxies/nginx_conf/findings.js'
import { readConf } from '../proxies/nginx_conf/read.js'
import { type HostMap, hopOf, keysOfConf, unusedKeys } from '../proxies/nginx_conf/to_hop.js'
import type { ConfSource } from '../proxies/nginx_conf/tokens.js'
import { type Finding, mappingOf, type Path, wrongKey, wrongValue } from './finding.js'

const map = z
  .record(z.string(), z.string())
  .default({})
  .meta({ description: 'Its host names, or host:port, to hops; a server_name to this proxy says who answers' })

export const nginxConfSchema = z.union([
  z.strictObject({
    file: z.string().min(1).meta({ description: 'An nginx configuration, relative to this file' }),
    map,
  }),
  z.strictObject({ config: z.string().min(1).meta({ description: 'An nginx configuration' }), map }),
])

/** As the command line says it: for the proxy under test, instead of what the file says of its upstreams. */
export interface ProxyConfig {
  /** Relative to where the user is. */
  file: string
  map: Readonly<Record<string, string>>
}

export interface Expanded {
  input: unknown
  findings: Finding[]
  /** In the nginx configurations. */
  problems: Problem[]
  /** What has no meaning there. */
  notes: Problem[]
  /** Proxies whose settings could not be had: what is missing there is no other mistake. */
  broken: string[]
}

/** @param beside the scenario file, beside which configurations are; undefined for a program's own */
export function expandNginxConf(input: unknown, beside: string | undefined): Expanded {
  const expanded: Expanded = { input, findings: [], problems: [], notes: [], broken: [] }
  const hops = mappingOf(mappingOf(input)?.hops)
  if (!hops) return expanded
  const changed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(hops)) {
    const hop = mappingOf(value)
    if (hop?.kind === 'proxy' && hop.nginx !== undefined) changed[name] = expandHop(name, hop, hops, beside, expanded)
  }
  if (Object.keys(changed).length > 0) expanded.input = { ...mappingOf(input), hops: { ...hops, ...changed } }
  return expanded
}

type Mapping = Readonly<Record<string, unknown>>

function expandHop(name: string, hop: Mapping, hops: Mapping, beside: string | undefined, expanded: Expanded): unknown {
  const path = ['hops', name]
  for (const key of keysOfConf) {
    if (key in hop) expanded.findings.push(wrongKey([...path, key], `"${key}" comes from the nginx configuration here`))
  }
  const written = nginxConfSchema.safeParse(hop.nginx)
  if (!written.success) {
    expanded.broken.push(name)
    return hop
  }
  const nginx = written.data
  const wrong = unknownHops(nginx.map, hops, [...path, 'nginx', 'map'])
  expanded.findings.push(...wrong)
  const file = 'file' in nginx ? resolved(nginx.file, beside) : undefined
  const source = 'config' in nginx ? { file: undefined, text: nginx.config } : opened(file!, nginx.file, path, expanded)
  const settings = source && settingsOf(source, hostMap(name, nginx.map, hops), path, expanded)
  if (!settings || wrong.length > 0) expanded.broken.push(name)
  return { ...hop, ...settings, nginx: file === undefined ? nginx : { ...nginx, file } }
}

function opened(file: string, as: string, path: Path, expanded: Expanded): ConfSource | undefined {
  try {
    return readConfFile(file)
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    const [problem] = error.problems
    expanded.findings.push(wrongValue([...path, 'nginx', 'file'], `"${as}" ${problem!.message}`))
    return undefined
  }
}

function settingsOf(source: ConfSource, hosts: HostMap, path: Path, expanded: Expanded) {
  const conf = readConf(source, includeBeside(source.file))
  const settings = hopOf(conf, hosts)
  const { problems, notes } = conf.findings
  for (const { key, near } of unusedKeys(conf, hosts)) {
    const hint = near === undefined ? 'nothing there has that name' : `did you mean "${near}"?`
    const finding = wrongKey([...path, 'nginx', 'map', key], `the nginx configuration has no server "${key}", ${hint}`)
    expanded.findings.push(finding)
  }
  if (source.file !== undefined) expanded.problems.push(...inOrder(problems))
  else {
    const here = [...path, 'nginx', 'config']
    for (const { file, line, column, message } of inOrder(problems)) {
      if (file !== undefined) expanded.problems.push({ file, line, column, path: '', message })
      else expanded.findings.push(wrongValue(here, `line ${line}, column ${column} of it: ${message}`))
    }
  }
  const untitled = source.file ?? `${path.join('.')}.nginx.config`
  expanded.notes.push(...inOrder(notes).map((note) => ({ ...note, file: note.file ?? untitled })))
  return problems.length === 0 ? settings : undefined
}

function unknownHops(map: Readonly<Record<string, string>>, hops: Mapping, path: Path): Finding[] {
  const names = Object.keys(hops)
  return Object.entries(map)
    .filter(([, hop]) => !names.includes(hop))
    .map(([key, hop]) => wrongValue([...path, key], `unknown hop "${hop}", ${suggestion(hop, names)}`))
}

const hostMap = (proxy: string, map: HostMap['map'], hops: Mapping): HostMap => ({
  proxy,
  map: Object.fromEntries(Object.entries(map).map(([host, hop]) => [host.toLowerCase(), hop])),
  hops: Object.entries(hops).map(([name, hop]) => {
    const dns = mappingOf(mappingOf(hop)?.dns)?.name
    return { name, dnsName: typeof dns === 'string' ? dns : `${name}.test` }
  }),
})

const resolved = (file: string, beside: string | undefined): string =>
  isAbsolute(file) || beside === undefined ? file : join(dirname(beside), file)

/** The scenario with the configuration in place of what it says of the upstreams of its proxy under test. */
export function withProxyConfig(
  input: unknown,
  beside: string | undefined,
  { file, map }: ProxyConfig,
): { input: unknown; hop: string | undefined } {
  const hops = mappingOf(mappingOf(input)?.hops) ?? {}
  const proxies = Object.entries(hops).filter(([, hop]) => mappingOf(hop)?.kind === 'proxy')
  const [name, hop] = proxies.find(([, hop]) => mappingOf(hop)?.under_test === true) ?? proxies[0] ?? []
  if (name === undefined) return { input, hop: undefined }
  const own = Object.entries(hop as object).filter(([key]) => !(keysOfConf as readonly string[]).includes(key))
  const changed = {
    ...Object.fromEntries(own),
    nginx: { file: isAbsolute(file) ? file : relative(dirname(beside ?? '.'), resolve(file)), map },
  }
  return { input: { ...mappingOf(input), hops: { ...hops, [name]: changed } }, hop: name }
}
