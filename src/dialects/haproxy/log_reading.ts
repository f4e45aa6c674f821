/**
 * A line of HAProxy's HTTP log read back: the failure that its termination state and status tell of (manual 8.5). They tell
 * which side ended the session in which phase, and no more than that; what else they may mean is in `or`. The driver of the
 * real HAProxy calls it, and whoever wants to know what a line means.
 */
import {
  type Books,
  classify,
  type Ending,
  type Failure,
  noServer,
  overLimit,
  waitedTooLong,
} from '../../core/failure.js'

export interface Terminated {
  /** The first two letters, such as `SH`. */
  state: string
  /** -1 and 0: nothing was said. */
  status: number
  /** `<NOSRV>` stands in the place of the server. */
  unchosen?: boolean | undefined
  /** The server is spoken to over TLS: its handshake is part of the connect. */
  secured?: boolean | undefined
  /** Servers are found by their names. */
  resolved?: boolean | undefined
}

export interface Reading {
  /** The likeliest. */
  failure: Failure
  /** What HAProxy says in the same way; empty where it tells all. */
  or: Failure[]
}

/** Why nothing came from a server, or why what came was cut; undefined where no server and no want of one is to blame. */
export function readTermination(terminated: Terminated): Reading | undefined {
  const { state, status, unchosen } = terminated
  const phase = state[1] ?? ''
  switch (state[0]) {
    case 's':
      if (phase === 'Q') return sure(waitedTooLong())
      return of(endingsByTime(phase, terminated))
    case 'S':
    case 'D':
      if (phase === 'Q') return sure(overLimit('no room in the queue of the server'))
      if (phase === 'C' && unchosen)
        return terminated.resolved ? of(unresolved) : sure(noServer('no server may be tried'))
      return of(phase === 'C' ? connectEndings(terminated) : lostEndings(phase, status))
    case 'P':
      if (phase === 'H' || phase === 'D' || phase === 'L') return of(invalidEndings(phase))
      return phase === 'R' && status >= 400 ? sure(refused(status)) : undefined
    case 'R':
    case 'I':
      return sure(internal)
    case 'c':
      return phase === 'R' && status === 408 ? sure(refused(status)) : undefined
    default:
      return undefined
  }
}

/** The client left, or took no more of the response. */
export const tellsClientLeft = (state: string): boolean => state[0] === 'C' || /^c[^R]/.test(state)

const refused = (status: number): Failure => ({
  type: 'http_request_error',
  stage: 'select',
  manner: 'http',
  details: `HAProxy refused it with ${status}`,
})

const internal: Failure = {
  type: 'proxy_internal_error',
  stage: 'connect',
  manner: 'internal',
  details: 'HAProxy lacked a resource',
}

const sure = (failure: Failure): Reading => ({ failure, or: [] })

function of(all: readonly Failure[]): Reading {
  const distinct = [...new Map(all.map((failure) => [JSON.stringify(failure), failure])).values()]
  return { failure: distinct[0]!, or: distinct.slice(1) }
}

type Where = 'connect' | 'tls' | 'request' | 'head' | 'body' | 'tunnel'

const booksOf = (where: Where, responseBytes = 0): Books => ({
  connected: where !== 'connect',
  secured: where === 'tls' ? false : null,
  requestSent: !['connect', 'tls', 'request'].includes(where),
  responseBytes: where === 'body' || where === 'tunnel' ? 1 : responseBytes,
  headComplete: where === 'body' || where === 'tunnel',
  upgrade: where === 'tunnel',
})

const FIN: Ending = { by: 'fin' }
const RST: Ending = { by: 'error', code: 'ECONNRESET', message: '' }
const error = (code: string, message = ''): Ending => ({ by: 'error', code, message })

const unresolved: Failure[] = [
  classify(booksOf('connect'), { by: 'resolver', code: 'ENOTFOUND' }),
  classify(booksOf('connect'), { by: 'resolver', code: 'ESERVFAIL' }),
  classify(booksOf('connect'), { by: 'resolver', code: 'ETIMEOUT' }),
  noServer('no server may be tried'),
]

/** A connect that failed: HAProxy 2.6 does not log why. */
function connectEndings({ secured }: Terminated): Failure[] {
  const plain = [error('ECONNREFUSED'), error('ENETUNREACH'), RST].map((ending) => classify(booksOf('connect'), ending))
  if (!secured) return plain
  const shaking = [
    error('EPROTO', 'error:0A00010B:SSL routines::wrong version number'),
    error('CERT_HAS_EXPIRED'),
    error('EPROTO', 'SSL alert number 40'),
    FIN,
    RST,
  ]
  return [...shaking.map((ending) => classify(booksOf('tls'), ending)), ...plain]
}

function endingsByTime(phase: string, { secured, status }: Terminated): Failure[] {
  const late = (where: Where, timer: 'connect' | 'send' | 'read') => classify(booksOf(where), { by: 'timer', timer })
  if (phase === 'C') return [late('connect', 'connect'), ...(secured ? [late('tls', 'connect')] : [])]
  if (phase === 'H') return [late('head', 'read'), late('request', 'send')]
  return [late(status === 101 ? 'tunnel' : 'body', 'read')]
}

function lostEndings(phase: string, status: number): Failure[] {
  if (phase === 'H') {
    const places = [booksOf('head'), booksOf('head', 1), booksOf('request')]
    return places.flatMap((books) => [FIN, RST].map((ending) => classify(books, ending)))
  }
  return [FIN, RST].map((ending) => classify(booksOf(status === 101 ? 'tunnel' : 'body'), ending))
}

/** All that came by then is read before the head is passed on: a chunk may be at fault as well. */
function invalidEndings(phase: string): Failure[] {
  const invalid = (where: Where, message: string) => classify(booksOf(where, 1), { by: 'parser', message })
  if (phase !== 'H') {
    return [invalid('body', 'Invalid character in chunk size'), invalid('body', 'Invalid header token')]
  }
  return [
    invalid('head', 'Expected HTTP/'),
    invalid('head', 'Headers overflow'),
    invalid('body', 'Invalid character in chunk size'),
    invalid('head', 'bad upgrade'),
    classify({ ...booksOf('tunnel'), headComplete: true }, { by: 'parser', message: 'bad upgrade' }),
  ]
}
