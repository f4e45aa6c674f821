/**
 * nginx's error log read back, against the dialect that writes it: every failure that the classifier can come to is
 * worded and read again. Where nginx has one sentence for several, the reading has to say so.
 */
import { test } from 'tap'
import {
  type Books,
  classify,
  type Ending,
  type Failure,
  noServer,
  overLimit,
  waitedTooLong,
} from '../../src/core/failure.js'
import type { LogContext } from '../../src/dialects/log_line.js'
import { clientLeftLine, clientStalledLine, errorLogLine, excludedLine } from '../../src/dialects/nginx/error_log.js'
import {
  type Reading,
  readFailure,
  readRefusal,
  takeApart,
  tellsClientLeft,
} from '../../src/dialects/nginx/log_reading.js'

const context = (scheme: 'http' | 'https', place = '127.0.0.1:8081'): LogContext => ({
  client: '127.0.0.1',
  server: 'lb',
  request: 'GET /a?b=c HTTP/1.1',
  upstream: `${scheme}://${place}/a?b=c`,
  host: 'app.test',
  name: 'app.test',
  serverName: 'app.test',
})

const books = (stage: keyof typeof STATES): Books => ({
  connected: true,
  secured: null,
  requestSent: true,
  responseBytes: 0,
  headComplete: false,
  ...STATES[stage],
})

const STATES = {
  connecting: { connected: false, requestSent: false },
  handshaking: { secured: false, requestSent: false },
  sending: { requestSent: false },
  waiting: {},
  'within the head': { responseBytes: 9 },
  'within the body': { responseBytes: 90, headComplete: true },
  'in the tunnel': { responseBytes: 90, headComplete: true, upgrade: true },
} satisfies Record<string, Partial<Books>>

const error = (code: string, message = ''): Ending => ({ by: 'error', code, message })
const parser = (message: string, seen?: string): Ending => ({ by: 'parser', message, seen })
const EVERYWHERE: Ending[] = [{ by: 'fin' }, error('ECONNRESET'), error('EPIPE'), error('EHOSTUNREACH')]
const ENDINGS: Record<keyof typeof STATES, Ending[]> = {
  connecting: [
    error('ECONNREFUSED'),
    error('ENOENT'),
    error('ENETUNREACH'),
    error('EHOSTUNREACH'),
    error('ECONNRESET'),
    { by: 'timer', timer: 'connect' },
    ...['ENOTFOUND', 'ESERVFAIL', 'EREFUSED', 'ENODATA', 'EFORMERR', 'ENOTIMP', 'ETIMEOUT'].map(
      (code): Ending => ({ by: 'resolver', code }),
    ),
  ],
  handshaking: [
    ...EVERYWHERE,
    { by: 'timer', timer: 'connect' },
    error('CERT_HAS_EXPIRED'),
    error('ERR_TLS_CERT_ALTNAME_INVALID'),
    error('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    error('ERR_SSL_WRONG_VERSION_NUMBER', 'error:0A00010B:SSL routines:ssl3_get_record:wrong version number'),
    error(
      'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
      'error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40',
    ),
  ],
  sending: [...EVERYWHERE, { by: 'timer', timer: 'send' }, { by: 'timer', timer: 'read' }],
  waiting: [
    ...EVERYWHERE,
    { by: 'timer', timer: 'read' },
    { by: 'timer', timer: 'response' },
    error(
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'error:0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116',
    ),
  ],
  'within the head': [
    ...EVERYWHERE,
    { by: 'timer', timer: 'read' },
    parser('Headers Overflow Error'),
    parser('Invalid header token', 'Bad '),
    parser('Invalid header value char', 'X-A: a\0'),
    parser('Expected HTTP/'),
    parser("Content-Length can't be present twice", 'Content-Length: 2\r\nContent-Length: 3'),
    parser("Content-Length can't be present with Transfer-Encoding", 'Content-Length: 2\r\nTransfer-Encoding: chunked'),
    parser('bad upgrade'),
  ],
  'within the body': [
    ...EVERYWHERE,
    { by: 'timer', timer: 'read' },
    { by: 'timer', timer: 'response' },
    parser('Invalid character in chunk size'),
    parser('Trailer headers overflow'),
  ],
  'in the tunnel': [...EVERYWHERE, { by: 'timer', timer: 'read' }],
}

/** What nginx can't say at all: it has no such limit, or does not know the failure. What its words read as instead. */
const UNSPEAKABLE: Record<string, string> = {
  'http_response_timeout/response_head/timeout': 'connection_read_timeout/response_head/timeout',
  'http_response_timeout/response_body/timeout': 'connection_read_timeout/response_body/timeout',
  // Only a queue makes a request wait for a server.
  'connection_timeout/select/timeout': 'connection_timeout/connect/timeout',
}

const word = ({ type, stage, manner }: Pick<Failure, 'type' | 'stage' | 'manner'>): string =>
  `${type}/${stage}/${manner}`
const readingsOf = (reading: Reading | undefined): string[] =>
  reading ? [reading.failure, ...reading.or].map(word) : []

test('every failure that can be worded reads back as itself, or as one of several that have the same words', async (t) => {
  const unspeakable = new Set<string>()
  for (const scheme of ['http', 'https'] as const) {
    for (const [state, endings] of Object.entries(ENDINGS) as [keyof typeof STATES, Ending[]][]) {
      if (scheme === 'http' && state === 'handshaking') continue
      for (const ending of endings) {
        const failure = classify(books(state), ending)
        const { message } = errorLogLine(failure, context(scheme))
        const known = { responseBytes: books(state).responseBytes, requestSent: books(state).requestSent }
        const told = `${scheme} ${state} ${JSON.stringify(ending)}: ${message}`
        const instead = UNSPEAKABLE[word(failure)]
        if (instead) {
          unspeakable.add(word(failure))
          t.equal(readingsOf(readFailure(message, known))[0], instead, told)
          continue
        }
        t.ok(readingsOf(readFailure(message, known)).includes(word(failure)), told)
        t.ok(readingsOf(readFailure(message)).includes(word(failure)), `without the access log: ${told}`)
      }
    }
  }
  const queued = errorLogLine(waitedTooLong(), context('http')).message
  t.equal(readingsOf(readFailure(queued))[0], UNSPEAKABLE[word(waitedTooLong())])
  t.same([...unspeakable, word(waitedTooLong())], Object.keys(UNSPEAKABLE), 'each of them occurs')
})

test('what nginx says in the same words', async (t) => {
  const both = [noServer('all are down'), overLimit('all are full')]
  for (const failure of both) {
    const { message } = errorLogLine(failure, context('http', 'lb'))
    t.same(readingsOf(readFailure(message)).sort(), both.map(word).sort(), message)
  }
  const closed = 'upstream prematurely closed connection while reading response header from upstream'
  const over = (scheme: string): string =>
    `${closed}, client: 127.0.0.1, server: lb, request: "GET / HTTP/1.1", upstream: "${scheme}://127.0.0.1:80/", host: "a"`
  t.same(readingsOf(readFailure(over('http'))), [
    'connection_terminated/response_head/closed',
    'connection_terminated/request/closed',
    'http_response_incomplete/response_head/closed',
  ])
  t.same(readingsOf(readFailure(over('http'), { responseBytes: 0, requestSent: true })), [
    'connection_terminated/response_head/closed',
  ])
  t.same(readingsOf(readFailure(over('http'), { responseBytes: 26 })), [
    'http_response_incomplete/response_head/closed',
  ])
  t.same(readingsOf(readFailure(over('https'), { responseBytes: 0, requestSent: true })), [
    'connection_terminated/response_head/closed',
    'connection_terminated/response_head/reset',
    'connection_terminated/response_head/unroutable',
  ])
})

test('what the words hold beside the type is kept', async (t) => {
  const read = (message: string) =>
    readFailure(`${message}, client: 127.0.0.1, server: lb, request: "GET / HTTP/1.1"`)?.failure
  const header = 'while reading response header from upstream'
  t.match(read('app.internal could not be resolved (3: Host not found)'), { type: 'dns_error', rcode: 'NXDOMAIN' })
  t.match(read('app.internal could not be resolved (2: Server failure)'), { type: 'dns_error', rcode: 'SERVFAIL' })
  t.match(read('app.internal could not be resolved (110: Operation timed out)'), { type: 'dns_timeout' })
  t.match(read(`upstream sent invalid header: "Bad\\x20..." ${header}`), { fields: ['Bad '] })
  t.match(
    read(`upstream sent duplicate header line: "Content-Length: 3", previous value: "Content-Length: 2" ${header}`),
    {
      fields: ['Content-Length: 2', 'Content-Length: 3'],
    },
  )
  t.match(read(`upstream sent unknown "Transfer-Encoding": "foo" ${header}`), { type: 'http_response_transfer_coding' })
  t.match(
    read('upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream'),
    {
      certificate_error: 'CERT_HAS_EXPIRED',
    },
  )
  const alert =
    'SSL_do_handshake() failed (SSL: error:0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70)'
  t.match(read(`${alert} while SSL handshaking to upstream`), { alert_id: 70, stage: 'tls' })
  t.match(read('connect() to unix:/run/a.sock failed (2: No such file or directory) while connecting to upstream'), {
    no_file: true,
  })
  t.match(read('connect() failed (110: Connection timed out) while connecting to upstream'), {
    type: 'connection_timeout',
    stage: 'connect',
  })
  for (const call of ['writev', 'send', 'sendfile']) {
    for (const errno of ['104: Connection reset by peer', '32: Broken pipe']) {
      t.match(read(`${call}() failed (${errno}) while sending request to upstream`), {
        stage: 'request',
        manner: 'reset',
      })
    }
  }
})

test('a message is taken apart', async (t) => {
  const message =
    'no live upstreams while connecting to upstream, client: 127.0.0.1, server: lb, request: "GET /a, b?c="d" HTTP/1.1", upstream: "http://lb/a, b", host: "h:1", referrer: "http://x/"'
  t.match(takeApart(message), {
    said: 'no live upstreams',
    action: 'connecting to upstream',
    client: '127.0.0.1',
    server: 'lb',
    upstream: 'http://lb/a, b',
    host: 'h:1',
  })
  t.same(takeApart('signal process started'), { said: 'signal process started' })
})

test('what is no failure of an upstream', async (t) => {
  const lines = [excludedLine(context('http')), clientLeftLine(context('http')), clientStalledLine(context('http'))]
  for (const { message } of lines) t.equal(readFailure(message), undefined, message)
  t.same(
    lines.map(({ message }) => tellsClientLeft(takeApart(message))),
    [false, true, true],
  )
  const refused = takeApart(
    'client sent unknown "Transfer-Encoding": "xchunked" while reading client request headers, client: 127.0.0.1, server: lb, request: "POST / HTTP/1.1"',
  )
  t.match(readRefusal(refused), { type: 'http_request_error', stage: 'select' })
  t.equal(readRefusal(takeApart('no live upstreams while connecting to upstream, client: 1, server: lb')), undefined)
})
