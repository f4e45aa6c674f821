/** Traefik's words: Go's errors in its log, and what it answers by its one rule (ComputeStatusCode). */
import { type Product, word } from '../product.js'
import { goWords } from './go.js'

export const traefik: Product = {
  title: 'Traefik',
  source:
    'pkg/proxy/httputil/proxy.go of fd5a576df2: EOF is 502, a timeout 504, another network error 502, all else 500',
  next: 'Its log at level debug: "502 Bad Gateway" and others come with the error of Go.',
  statuses: {
    '200 cut': ['truncated', 'bad_chunk', 'slow_body'],
    '499': ['client_left'],
    '500': [
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'bad_coding',
      'tls_alert',
      'tls_garbled',
      'certificate',
      'switched',
    ],
    '502': [
      'refused',
      'unroutable',
      'reset',
      'closed',
      'tls_reset',
      'tls_closed',
      'name_unknown',
      'name_failed',
      'unsent',
    ],
    '503': ['no_server', 'excluded'],
    '504': ['connect_timeout', 'silent', 'slow_head', 'tls_timeout', 'name_timeout'],
    '404': ['no_route'],
  },
  words: [
    word(
      'no available server',
      ['no_server', 'excluded'],
      'Every server is down: 503.',
      'Health checks of the service.',
      { pattern: /no available server/ },
    ),
    word('Client Closed Request', ['client_left'], 'The client left: 499.', "The client's timeout.", {
      pattern: /Client Closed Request/,
    }),
    ...goWords,
  ],
}
