/**
 * Apache's error log read back: the failure that its lines tell of. Apache writes several about one try, each with a
 * number of its own; the driver of the real Apache calls it, and whoever wants to know what a line means. It sees the
 * words alone.
 */
import { classify, type Ending, type Failure, noServer, overLimit } from '../../core/failure.js'
import { verifyErrorCode } from '../openssl.js'

/** A line taken apart. */
export interface LoggedLine {
  module: string
  level: string
  /** errno, or APR's own number. */
  code?: number | undefined
  /** AH01102. */
  id?: string | undefined
  /** What stands behind that. */
  said: string
}

/** @param line from `[proxy:error]` on */
export function takeApart(line: string): LoggedLine {
  const parts = /^\[(\w+):(\w+)\] (?:\[pid [^\]]*\] )?(.*)$/s.exec(line)
  const [module = '', level = '', rest = line] = parts?.slice(1) ?? []
  const code = /^\((\d+)\)/.exec(rest)?.[1]
  const numbered = /(?:^|: |\] )(AH\d{5}): (.*)$/s.exec(rest)
  return {
    module,
    level,
    code: code === undefined ? undefined : Number(code),
    id: numbered?.[1],
    said: numbered?.[2] ?? rest.replace(/^\[(?:client|remote) [^\]]*\] /, ''),
  }
}

/** A failure, and at whose address where the words name it. */
export interface Told {
  failure: Failure
  /** host:port, or the path of a unix socket. */
  address?: string | undefined
}

/** Every failure that the lines of one request tell of, in their order; several lines may be about one. */
export function readFailures(lines: readonly LoggedLine[]): Told[] {
  const told: Told[] = []
  /** What was said of the TLS handshake before Apache says that it failed. */
  let handshake: Failure | undefined
  for (const line of lines) {
    handshake = tlsSaid(line) ?? handshake
    const found = line.id === 'AH01084' ? unsent(line, handshake) : readLine(line)
    if (!found) continue
    if (line.id === 'AH01084') handshake = undefined
    told.push(found)
  }
  return told
}

/** The failure that a line by itself tells of; undefined for one that only goes with another. */
export function readLine(line: LoggedLine): Told | undefined {
  const { id = '', said, code } = line
  switch (id) {
    case 'AH00957':
    case 'AH02454':
      return { failure: unconnected(code), address: addressIn(said) }
    case 'AH00941':
      return { failure: overLimit('no connection to the server was free') }
    case 'AH01170':
      return { failure: noServer('every server is in error state') }
    case 'AH01084':
      return unsent(line, undefined)
    case 'AH00898':
      return refusedAnswer(said)
    case 'AH01102':
      return { failure: noHead(code) }
    case 'AH10404':
    case 'AH10124':
      return { failure: brokenHead(code, id) }
    case 'AH01106':
    case 'AH02429':
    case 'AH02430':
      return { failure: invalid('header token', said) }
    case 'AH01110':
      return { failure: brokenBody(code) }
    default:
      return refusal(line)
  }
}

/** Of Linux, and of APR. */
const [ETIMEDOUT, ECONNRESET, EPIPE, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ENOENT] = [110, 104, 32, 111, 101, 113, 2]
const TIMEUP = 70007
const EINVAL = 22

const ERRNOS: Readonly<Record<number, string>> = {
  [ENOENT]: 'ENOENT',
  [EPIPE]: 'EPIPE',
  [ENETUNREACH]: 'ENETUNREACH',
  [ECONNRESET]: 'ECONNRESET',
  [ECONNREFUSED]: 'ECONNREFUSED',
  [EHOSTUNREACH]: 'EHOSTUNREACH',
}

const NOTHING = { connected: true, secured: null, requestSent: true, responseBytes: 0, headComplete: false } as const
const CONNECTING = { ...NOTHING, connected: false, requestSent: false }
const HANDSHAKING = { ...NOTHING, secured: false, requestSent: false } as const
const IN_HEAD = { ...NOTHING, responseBytes: 1 }
const IN_BODY = { ...IN_HEAD, headComplete: true }

function endingOf(code: number | undefined, timer: 'connect' | 'read' = 'read'): Ending {
  if (code === TIMEUP || code === ETIMEDOUT) return { by: 'timer', timer }
  const errno = ERRNOS[code ?? 0]
  return errno === undefined ? { by: 'fin' } : { by: 'error', code: errno, message: '' }
}

const unconnected = (code: number | undefined): Failure => {
  const ending = endingOf(code, 'connect')
  if (ending.by !== 'fin') return classify(CONNECTING, ending)
  return classify(CONNECTING, { by: 'error', code: `errno ${code}`, message: '' })
}

/** `127.0.0.1:80 (127.0.0.1:80)`: the address, and the name that was asked for. */
const addressIn = (said: string): string | undefined =>
  /Unix domain socket (\S+) /.exec(said)?.[1] ?? /attempt to connect to (\S+) /.exec(said)?.[1]

/** Nothing of a response came. */
function noHead(code: number | undefined): Failure {
  if (code === EINVAL) return invalid('not valid')
  const failure = classify(NOTHING, endingOf(code))
  // While it sends, it meets by reading what has become of the connection.
  return failure.manner === 'timeout'
    ? failure
    : likely(failure, classify({ ...NOTHING, requestSent: false }, endingOf(code)))
}

function brokenHead(code: number | undefined, id: string): Failure {
  if (id === 'AH10124') return classify(IN_HEAD, { by: 'parser', message: 'headers overflow' })
  if (code === EINVAL) return invalid('header token')
  const failure = classify(IN_HEAD, endingOf(code))
  // A line that is too long is read to its end, which does not come.
  return failure.manner === 'closed'
    ? likely(failure, classify(IN_HEAD, { by: 'parser', message: 'headers overflow' }))
    : failure
}

/** APR's own error is what its filter for bodies makes of a chunk that is none. */
const APR_EGENERAL = 20014

const brokenBody = (code: number | undefined): Failure =>
  code === APR_EGENERAL || code === EINVAL
    ? classify(IN_BODY, { by: 'parser', message: 'chunk data' })
    : classify(IN_BODY, endingOf(code))

const invalid = (message: string, said?: string): Failure => {
  const failure = classify(IN_HEAD, { by: 'parser', message })
  return said === undefined ? failure : { ...failure, details: said }
}

const likely = (failure: Failure, ...others: Failure[]): Failure => ({
  ...failure,
  or: others.map(({ type, stage, manner }) => ({ type, stage, manner })),
})

function tlsSaid({ id, said, module }: LoggedLine): Failure | undefined {
  if (module !== 'ssl') return undefined
  const unverified = /^Certificate Verification: Error \((\d+)\)/.exec(said)
  if (unverified) return failedTls(verifyErrorCode(Number(unverified[1])))
  if (id === 'AH02411') return failedTls('ERR_TLS_CERT_ALTNAME_INVALID')
  const error = /^SSL Library Error: (error:([0-9A-F]{8}):.*)$/s.exec(said)?.[1]
  if (error === undefined || error.endsWith('certificate verify failed')) return undefined
  if (error.endsWith('unexpected eof while reading')) return classify(HANDSHAKING, { by: 'fin' })
  return classify(HANDSHAKING, {
    by: 'error',
    code: 'EPROTO',
    message: error.replace(/SSL alert number/, 'alert number'),
  })
}

const failedTls = (code: string): Failure => classify(HANDSHAKING, { by: 'error', code, message: '' })

/** The request was not sent: for want of a handshake, or of a connection that holds. */
function unsent({ code, said }: LoggedLine, handshake: Failure | undefined): Told {
  const address = /failed to (\S+) /.exec(said)?.[1]
  if (handshake) return { failure: handshake, address }
  if (code !== APR_EGENERAL) return { failure: classify({ ...NOTHING, requestSent: false }, endingOf(code)), address }
  // It says no more of a handshake that was reset, or that never came to an end.
  const reset = classify(HANDSHAKING, { by: 'error', code: 'ECONNRESET', message: '' })
  return { failure: likely(reset, classify(HANDSHAKING, { by: 'timer', timer: 'connect' })), address }
}

/** AH00898 mostly says once more what another line has said. */
function refusedAnswer(said: string): Told | undefined {
  if (/^(Error reading from remote server|Error during SSL Handshake with)/.test(said)) return undefined
  if (/^(Corrupt status line|Malformed connection header|Too many)/.test(said)) return { failure: invalid('not valid') }
  if (said.startsWith('Unexpected Upgrade')) return { failure: invalid('bad upgrade') }
  const unresolved = said.startsWith('DNS lookup failure')
  return unresolved ? { failure: classify(CONNECTING, { by: 'resolver', code: 'ENOTFOUND' }) } : undefined
}

/** The request was refused before any server was asked. */
function refusal({ id = '', said, module }: LoggedLine): Told | undefined {
  const own = id === 'AH01093' || (module === 'core' && /^AH(005|024|025|012|103)/.test(id))
  return own ? { failure: { type: 'http_request_error', stage: 'select', manner: 'http', details: said } } : undefined
}
