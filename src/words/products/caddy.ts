/** Caddy's words: its JSON log (`msg`, `error`), Go's errors in it, and what it answers. */
import { type Parts, type Product, word } from '../product.js'
import { goWords } from './go.js'

export const caddy: Product = {
  title: 'Caddy',
  source: 'Caddy 2.6.2 as it ran; reverseproxy.go (statusError) of 0cf03d32f',
  next: 'The log of http.log.error: the key "error" has what Go said, "status" what the client got.',
  mark: /^server: Caddy/im,
  statuses: {
    '200 cut': ['truncated', 'bad_chunk', 'slow_body', 'head_too_large'],
    accepted: ['bad_header'],
    '400': ['bad_request'],
    '499': ['client_left'],
    '502': [
      'refused',
      'connect_timeout',
      'unroutable',
      'name_unknown',
      'name_failed',
      'name_timeout',
      'closed',
      'reset',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'bad_coding',
      'switched',
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'tls_garbled',
      'certificate',
      'unsent',
    ],
    '503': ['no_server', 'full', 'excluded'],
    '504': ['silent', 'slow_head', 'tls_timeout'],
  },
  takeApart,
  words: [
    word(
      'no upstreams available',
      ['no_server', 'excluded', 'full'],
      'Every upstream is down, over max_fails or at its limit: 503.',
      'The health checks, and what was logged before.',
      { pattern: /no upstreams available/ },
    ),
    word('cannot dial unknown network', ['no_route'], 'The upstream is no address.', 'The Caddyfile.', {
      pattern: /cannot dial unknown network|unknown network/,
    }),
    word(
      'aborting with incomplete response',
      ['truncated', 'bad_chunk', 'slow_body', 'client_left'],
      'The body broke off. The status had been sent: the response is cut.',
      'The log of the server behind it.',
      { pattern: /aborting with incomplete response/ },
    ),
    ...goWords,
  ],
}

/** A line of its log: JSON with logger, msg and error. */
function takeApart(line: string): Parts | undefined {
  if (!/"(?:logger|msg)"\s*:/.test(line) || !/"(?:error|status|msg)"\s*:/.test(line)) return undefined
  const value = (key: string) =>
    new RegExp(`"${key}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)"`).exec(line)?.[1]?.replace(/\\(["\\])/g, '$1')
  const words = [value('error'), value('msg')].filter((said) => said !== undefined)
  return { status: /"status"\s*:\s*(\d{3})/.exec(line)?.[1], words }
}
