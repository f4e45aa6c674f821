/** What no schema can say of a hop at a unix socket: what such an address can't have. references.ts calls it. */
import { type Finding, wrongKey, wrongValue } from './finding.js'
import type { FaultOutline, HopOutline, Outline, Reference } from './outline.js'

export function findSocketProblems({ hops = [], faults = [] }: Outline): Finding[] {
  const onHop = faults.map((fault) => ({ fault, hop: hops.find(({ name }) => name === fault.on) }))
  return [
    ...hops.filter(({ socket }) => socket).flatMap(impossibleHop),
    ...hops.flatMap(({ to }) => to.flatMap((edge) => borrowedPort(edge, hops))),
    ...hops.filter(({ kind }) => kind === 'gateway').flatMap(({ to }) => to.flatMap((edge) => unaskable(edge, hops))),
    ...onHop.flatMap(({ fault, hop }) => (hop?.socket ? impossibleThere(fault) : uselessFile(fault, hop))),
  ]
}

const impossibleHop = ({ port, tls, stopsAccepting, path }: HopOutline): Finding[] => [
  ...(port === undefined ? [] : [wrongKey([...path, 'port'], 'a unix socket has no port: expected one or the other')]),
  ...(tls ? [wrongKey([...path, 'tls'], 'no TLS is spoken at a unix socket here: expected one or the other')] : []),
  ...(stopsAccepting
    ? [
        wrongValue(
          [...path, 'capacity', 'when_full'],
          'a full unix socket drops no SYN, expected another way to be full',
        ),
      ]
    : []),
]

/** An edge may use the port of another hop, where there is one. */
const borrowedPort = ({ name, path }: Reference, hops: readonly HopOutline[]): Finding[] =>
  path.at(-1) === 'port' && hops.some((hop) => hop.name === name && hop.socket)
    ? [wrongValue(path, `"${name}" is at a unix socket: it has no port`)]
    : []

/** Who asks a gateway names a host and a port. */
const unaskable = ({ name, path }: Reference, hops: readonly HopOutline[]): Finding[] =>
  hops.some((hop) => hop.name === name && hop.socket)
    ? [wrongValue(path, `"${name}" is at a unix socket: nobody can ask a gateway for that`)]
    : []

/** There are no packets: none is lost, none is an RST. Who closes with unread bytes gives its peer ECONNRESET, no other. */
function impossibleThere({ at, effect, parameters, path }: FaultOutline): Finding[] {
  const here = [...path, 'effect']
  if (at === 'resolve') return [wrongValue([...path, 'at'], 'a unix socket has no name to look up')]
  if (effect === 'reset') return [wrongValue(here, 'there is no RST at a unix socket, expected one of: close, crash')]
  if (effect === 'send' && parameters.end === 'reset') {
    return [wrongValue([...here, 'end'], 'there is no RST at a unix socket, expected one of: close, stall, keep')]
  }
  if (effect !== 'blackhole' && effect !== 'unreachable') return []
  return [wrongValue(here, `${effect} is of networks, and there is none at a unix socket, expected: refuse`)]
}

const uselessFile = ({ effect, parameters, path }: FaultOutline, hop: HopOutline | undefined): Finding[] =>
  effect === 'refuse' && hop && parameters.socket_file !== undefined
    ? [wrongKey([...path, 'effect', 'socket_file'], `"${hop.name}" has no such file: set socket: true there`)]
    : []
