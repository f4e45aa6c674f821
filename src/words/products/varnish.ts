/** Varnish's words: FetchError and its neighbours in varnishlog; the client sees 503 Backend fetch failed for all of them. */
import { type Product, word } from '../product.js'

const BACKEND = 'varnishlog -g request -q "FetchError", and the log of the backend at that second.'
const BYTES = 'The bytes that come back.'

export const varnish: Product = {
  title: 'Varnish',
  source: 'cache_backend.c, cache_http1_fetch.c, cache_http1_vfp.c of 27d2ce15b',
  next: 'FetchError in varnishlog: the client gets the same 503 for everything.',
  mark: /^x-varnish:|Guru Meditation/im,
  statuses: {
    '200 cut': ['truncated', 'bad_chunk', 'slow_body'],
    '400': ['bad_request'],
    '503': [
      'refused',
      'connect_timeout',
      'unroutable',
      'closed',
      'reset',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'bad_coding',
      'switched',
      'silent',
      'slow_head',
      'no_server',
      'full',
      'unsent',
    ],
  },
  words: [
    word(
      'backend …: fail errno 111 (Connection refused)',
      ['refused'],
      'The backend refused the connection.',
      'ss -ltn at the backend.',
      { pattern: /fail errno 111 \(Connection refused\)/ },
    ),
    word(
      'backend …: fail errno 110 (Connection timed out)',
      ['connect_timeout'],
      'No connection within connect_timeout (3.5 s).',
      'A firewall between them.',
      { pattern: /fail errno 110(?: \([^)]*\))?/ },
    ),
    word(
      'backend …: fail errno …',
      ['refused', 'connect_timeout', 'unroutable'],
      'No connection: the errno says why.',
      BACKEND,
      { pattern: /backend \S+ fail(?:: | )errno \d+/ },
    ),
    word('HTC …', ['closed', 'reset', 'partial_head', 'silent'], 'Reading the head failed.', BACKEND, {
      pattern: /(?<!\w)HTC \S+/,
    }),
    word(
      'backend closed',
      ['closed', 'reset', 'partial_head'],
      'The backend ended the connection before its head was complete.',
      BACKEND,
      { pattern: /backend closed/, causes: ['keepalive-race', 'empty-response'] },
    ),
    word('straight insufficient bytes', ['truncated'], 'The body is shorter than its length.', BACKEND),
    word('chunked insufficient bytes', ['truncated'], 'The chunks ended too soon.', BACKEND, {
      causes: ['unterminated-chunked'],
    }),
    word(
      'http format error',
      ['not_http', 'bad_header', 'two_lengths', 'switched'],
      'The response is no valid HTTP.',
      BYTES,
    ),
    word('Received junk', ['not_http'], 'Bytes that are no HTTP.', BYTES),
    word(
      'overflow',
      ['head_too_large'],
      'The head is over http_resp_hdr_len or http_resp_size.',
      'The size of cookies and headers.',
      { pattern: /(?:FetchError\s+(?:HTC )?)?(?<![\w{: ])overflow(?!\w)/ },
    ),
    word('chunked header non-hex', ['bad_chunk', 'bad_coding'], 'A chunk size is none.', BYTES, {
      pattern: /chunked header non-hex|chunked read err|bogusly large chunk size/,
    }),
    word(
      'first byte timeout',
      ['silent', 'slow_head'],
      'Nothing came within first_byte_timeout (60 s).',
      'How long the backend takes.',
    ),
    word('between bytes timeout', ['slow_body', 'slow_head'], 'It stopped for between_bytes_timeout (60 s).', BACKEND, {
      pattern: /between bytes timeout|FetchError\s+timeout/,
    }),
    word('backend …: unhealthy', ['no_server'], 'The probe took the backend out.', 'varnishadm backend.list.', {
      pattern: /backend \S+:? unhealthy|^unhealthy$/,
    }),
    word(
      'Director … returned no backend',
      ['no_server', 'no_route'],
      'No backend to ask.',
      'varnishadm backend.list.',
      { pattern: /Director \S+ returned no backend|(?<!\w)No backend(?!\w)/ },
    ),
    word(
      'backend …: busy',
      ['full', 'queued'],
      'max_connections of the backend.',
      'max_connections; backend_wait_limit.',
      { pattern: /backend \S+ busy/ },
    ),
    word('backend write error: …', ['unsent', 'reset', 'closed'], 'The request could not be written.', BACKEND, {
      pattern: /backend write error/,
      causes: ['origin-crash', 'request-without-length'],
    }),
    word(
      'Backend fetch failed',
      ['refused', 'closed', 'reset', 'silent', 'connect_timeout', 'no_server', 'not_http'],
      'The page for every one of them: 503.',
      BACKEND,
      { pattern: /Backend fetch failed/ },
    ),
  ],
}
