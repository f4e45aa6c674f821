/** Cloudflare's words: the statuses 520 to 530, the error codes of its pages, and the fields of its logs. */
import type { Mishap } from '../mishaps.js'
import { type Parts, type Product, word } from '../product.js'

const BROKEN: readonly Mishap[] = [
  'closed',
  'reset',
  'partial_head',
  'not_http',
  'bad_header',
  'head_too_large',
  'two_lengths',
  'bad_chunk',
  'bad_coding',
  'switched',
]
const DIRECT = 'The origin directly, past the edge: curl --resolve NAME:443:ORIGIN.'
const RECORD = 'The DNS record of the origin in the zone.'
const code = (number: number, mishaps: readonly Mishap[], says: string, next: string) =>
  word(`error code: ${number}`, mishaps, says, next, {
    pattern: new RegExp(`(?:error(?: code)?:? |^)${number}(?!\\d)`, 'i'),
  })

export const cloudflare: Product = {
  title: 'Cloudflare',
  source: 'Cloudflare docs: 5xx errors, 1xxx errors, connection limits, stored copies',
  next: 'A page with the brand for 502 and 504 is the origin’s own answer, one without is the edge’s. OriginResponseStatus in the logs is 0 where nothing came.',
  mark: /^server: cloudflare|^cf-ray:/im,
  statuses: {
    '200 cut': ['truncated', 'slow_body'],
    '403': ['denied'],
    '429': ['over_rate'],
    '499': ['client_left'],
    '500': ['overloaded'],
    '502': ['bad_coding'],
    '503': ['overloaded', 'full', 'queued'],
    '520': BROKEN,
    '521': ['refused', 'no_server'],
    '522': ['connect_timeout', 'unsent', 'tls_timeout'],
    '523': ['unroutable'],
    '524': ['silent', 'slow_head', 'unsent'],
    '525': ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled', 'tls_timeout'],
    '526': ['certificate'],
    '530': ['name_unknown', 'name_failed', 'name_timeout', 'no_route'],
    accepted: ['certificate'],
  },
  takeApart,
  words: [
    word(
      '520 Web server is returning an unknown error',
      BROKEN,
      'An empty, cut or invalid response, or a head that is too large.',
      DIRECT,
      { pattern: /web server is returning an unknown error/i },
    ),
    word(
      '521 Web server is down',
      ['refused'],
      'The origin refused the connection.',
      'Whether it listens, and lets the addresses of the edge in.',
      {
        pattern: /web server is down/i,
        causes: ['origin-refused', 'cdn-origin-unreachable', 'origin-firewall-blocks-edge'],
      },
    ),
    word(
      '522 Connection timed out',
      ['connect_timeout', 'unsent'],
      'No SYN+ACK within 19 s, or the request was not acknowledged within 90 s.',
      'A firewall at the origin that drops the addresses of the edge.',
      { pattern: /522:? connection timed out/i, causes: ['connect-timeout', 'origin-firewall-blocks-edge'] },
    ),
    word('523 Origin is unreachable', ['unroutable'], 'No route to the origin.', RECORD, {
      pattern: /origin is unreachable/i,
    }),
    word(
      '524 A timeout occurred',
      ['silent', 'slow_head', 'unsent'],
      'Connected, and no response within the read timeout (100 s or 120 s; documents differ).',
      'How long the origin takes for that path.',
      { pattern: /a timeout occurred/i },
    ),
    word(
      '525 SSL handshake failed',
      ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled', 'tls_timeout'],
      'TLS with the origin failed (modes Full and Full strict).',
      'Whether the origin speaks TLS at 443, and which versions and ciphers.',
      { pattern: /525:? SSL handshake failed/i },
    ),
    word(
      '526 Invalid SSL certificate',
      ['certificate'],
      'The certificate of the origin was not accepted (mode Full strict); in mode Full it is.',
      'Its dates, names and chain.',
      { pattern: /invalid SSL certificate/i },
    ),
    code(
      1016,
      ['name_unknown', 'name_failed', 'name_timeout'],
      'The origin’s name has no address (with status 530).',
      RECORD,
    ),
    code(1000, ['no_route'], 'The record of the origin points back at the edge.', RECORD),
    code(1001, ['name_unknown', 'no_route'], 'The name cannot be resolved here.', RECORD),
    code(1033, ['refused', 'no_server'], 'The tunnel of the origin is not connected.', 'cloudflared at the origin.'),
    code(1006, ['denied'], 'The address of the client is banned.', 'The firewall events of the zone.'),
    code(1009, ['denied'], 'The country of the client is blocked.', 'The firewall events of the zone.'),
    code(1010, ['denied'], 'What the client is recognised by is blocked.', 'The firewall events of the zone.'),
    code(1015, ['over_rate'], 'A rate limit of the zone: 429.', 'The rate limiting rules.'),
    code(1020, ['denied'], 'A firewall rule of the zone.', 'The firewall events of the zone.'),
    word(
      'OriginResponseStatus 0',
      [
        ...BROKEN,
        'refused',
        'connect_timeout',
        'unroutable',
        'silent',
        'tls_reset',
        'tls_closed',
        'tls_alert',
        'tls_garbled',
        'tls_timeout',
        'certificate',
        'name_unknown',
        'denied',
        'name_failed',
        'name_timeout',
        'no_server',
        'full',
        'slow_head',
      ],
      'Nothing valid came from the origin: the status is the edge’s own.',
      DIRECT,
      { pattern: /Origin(?:Response)?Status["=: ]+0(?!\d)/ },
    ),
    word('OriginResponseStatus 502', ['passed_502'], 'The origin answered 502 itself.', 'The log of the origin.', {
      pattern: /Origin(?:Response)?Status["=: ]+502/,
    }),
    word('OriginResponseStatus 503', ['passed_503'], 'The origin answered 503 itself.', 'The log of the origin.', {
      pattern: /Origin(?:Response)?Status["=: ]+503/,
    }),
    word('OriginResponseStatus 504', ['passed_504'], 'The origin answered 504 itself.', 'The log of the origin.', {
      pattern: /Origin(?:Response)?Status["=: ]+504/,
    }),
  ],
}

/** A line of Logpush: JSON with the status at the edge and the one of the origin. */
function takeApart(line: string): Parts | undefined {
  const edge = /"EdgeResponseStatus"\s*:\s*(\d+)/.exec(line)
  if (!edge) return undefined
  const origin = /"OriginResponseStatus"\s*:\s*(\d+)/.exec(line)
  return { status: edge[1], words: origin ? [`OriginResponseStatus ${origin[1]}`] : [] }
}
