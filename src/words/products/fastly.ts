/** Fastly's words: obj.response of the 503 that it makes itself. Few are published. */
import { type Product, word } from '../product.js'

const BACKEND = 'The log of the backend at that second; the timeouts of the backend in the service.'

export const fastly: Product = {
  title: 'Fastly',
  source: 'guides/vcl/errors, an excerpt; five words were seen there',
  next: 'The reason phrase behind the 503, obj.response in VCL.',
  mark: /^x-served-by: cache-/im,
  statuses: {
    '503': [
      'refused',
      'connect_timeout',
      'unroutable',
      'name_unknown',
      'name_failed',
      'name_timeout',
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'tls_garbled',
      'certificate',
      'reset',
      'closed',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'silent',
      'slow_head',
      'no_server',
      'full',
    ],
  },
  words: [
    word(
      'Connection refused',
      ['refused'],
      'The backend refused the connection.',
      'Whether it listens, and lets the addresses of the edge in.',
      { pattern: /(?:503 )?(?<!\))(?<!: )Connection refused/ },
    ),
    word(
      'Connection timed out',
      ['connect_timeout'],
      'No connection to the backend in time.',
      'A firewall at the backend.',
      { pattern: /(?<!\))(?<!: )(?<!522 )Connection timed out/ },
    ),
    word(
      'No healthy IP available for the backend',
      ['name_unknown', 'name_failed', 'name_timeout', 'no_server'],
      'The name of the backend has no address that works.',
      'dig NAME.',
      { pattern: /No healthy IP available/ },
    ),
    word(
      'SSL handshake error',
      ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled'],
      'TLS with the backend failed.',
      'openssl s_client -connect HOST:PORT.',
    ),
    word(
      "hostname doesn't match against certificate",
      ['certificate'],
      'The certificate is for another name.',
      'The certificate hostname of the backend.',
      { pattern: /hostname doesn't match against certificate/, causes: ['tls-cert-wrong-host'] },
    ),
    word(
      'backend read error',
      ['reset', 'closed', 'partial_head'],
      'The backend ended the connection before it answered.',
      BACKEND,
      { causes: ['keepalive-race', 'empty-response'] },
    ),
    word('backend write error', ['unsent', 'reset', 'closed'], 'The request could not be written.', BACKEND, {
      causes: ['origin-crash'],
    }),
    word(
      'first byte timeout',
      ['silent', 'slow_head'],
      'Nothing came within the first byte timeout (15 s).',
      'How long the backend takes.',
      { pattern: /first byte timeout|fetch timeout/ },
    ),
    word(
      'All backends failed or unhealthy',
      ['no_server', 'refused'],
      'Health checks took all of them out.',
      'The health checks.',
      { pattern: /All backends failed/ },
    ),
    word(
      'Backend.max_conn reached',
      ['full', 'queued'],
      'Every connection to the backend is in use.',
      'max_conn of the backend.',
      { pattern: /Backend\.max_conn reached/ },
    ),
  ],
}
