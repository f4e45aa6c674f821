/** What the tests of nginx configurations share: the tutorial's file, and what is said of a text. */
import { type ConfFindings, inOrder } from '../../src/proxies/nginx_conf/findings.js'
import { type Conf, type Include, readConf } from '../../src/proxies/nginx_conf/read.js'
import { type HopSettings, type HostMap, hopOf } from '../../src/proxies/nginx_conf/to_hop.js'

/** As it stands in the tutorial, to the byte. */
export const TUTORIAL = `upstream backend {
server backend1.example.com:8080 max_fails=3 fail_timeout=30s;
server backend2.example.com:8080 max_fails=3 fail_timeout=30s;
server backend3.example.com:8080 backup;
}
server {
location / {
proxy_pass http://backend;
proxy_connect_timeout 5s;
proxy_send_timeout 60s;
proxy_read_timeout 60s;
proxy_next_upstream error timeout http_502 http_503;
}
}
`

export const MAP = {
  'backend1.example.com': 'app1',
  'backend2.example.com': 'app2',
  'backend3.example.com': 'spare',
}

/** Hops of the names that small configurations use for their servers, and the tutorial's. */
export const HOSTS: HostMap = {
  proxy: 'lb',
  map: MAP,
  hops: ['a', 'b', 'c', 'app1', 'app2', 'spare', 'lb'].map((name) => ({ name, dnsName: `${name}.test` })),
}

export const nothingBeside: Include = () => 'no such file'

export const confOf = (text: string, include = nothingBeside): Conf => readConf({ file: 'nginx.conf', text }, include)

export interface Understood {
  settings: HopSettings | undefined
  /** `line:column: message` */
  problems: string[]
  notes: string[]
}

export function understand(text: string, hosts: HostMap = HOSTS, include = nothingBeside): Understood {
  const conf = confOf(text, include)
  const settings = hopOf(conf, hosts)
  return { settings, problems: linesOf(conf.findings, 'problems'), notes: linesOf(conf.findings, 'notes') }
}

export const linesOf = (findings: ConfFindings, which: 'problems' | 'notes'): string[] =>
  inOrder(findings[which]).map(({ file, line, column, message }) => {
    const elsewhere = file === 'nginx.conf' ? '' : `${file}:`
    return `${elsewhere}${line}:${column}: ${message}`
  })

/** A group of these lines, and a server block that passes everything on to it. */
export const group = (lines: string, location = ''): string =>
  `upstream g { ${lines} }\nserver { location / { proxy_pass http://g; proxy_http_version 1.1; ${location} } }\n`
