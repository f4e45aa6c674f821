/** nginx's words: its error log (`said while doing`), the statuses 009 and 499 of its access log, and what it answers. */
import type { Parts, Product } from '../../product.js'
import { nginxAnswering } from './answering.js'
import { nginxConnecting } from './connecting.js'

export const nginx: Product = {
  title: 'nginx',
  source: 'nginx 1.22.1 as it ran, and ngx_http_upstream.c of 1.31.5',
  next: 'error_log: the line of that request says what happened and while doing what.',
  mark: /<center>nginx(?:\/[\d.]+)?<\/center>|^server: nginx/im,
  statuses: {
    '009': ['not_http', 'switched'],
    '200 cut': ['truncated', 'bad_chunk', 'slow_body', 'two_lengths'],
    accepted: ['certificate', 'two_lengths', 'bad_header'],
    '400': ['bad_request'],
    '499': ['client_left'],
    '501': ['bad_request'],
    '502': [
      'refused',
      'closed',
      'reset',
      'partial_head',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'bad_coding',
      'unroutable',
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'tls_garbled',
      'certificate',
      'no_server',
      'full',
      'queued',
      'name_unknown',
      'name_failed',
      'name_timeout',
      'tunnel_lost',
      'switched',
      'not_http',
    ],
    '503': ['over_rate'],
    '504': ['silent', 'connect_timeout', 'tls_timeout', 'slow_head', 'unsent'],
  },
  takeApart,
  words: [...nginxConnecting, ...nginxAnswering],
}

/** `log_format combined`, and what an upstream said behind it. */
function takeApart(line: string): Parts | undefined {
  const access = /^\S+ - \S+ \[[^\]]+\] "(?:[^"\\]|\\.)*" (\d{3}) \d+ "[^"]*" "[^"]*"/.exec(line)
  if (access) return { status: access[1], words: [] }
  const error =
    /^(?:\d{4}\/\d\d\/\d\d [\d:]+ )?\[(?:info|notice|warn|error|crit|alert|emerg)\] \d+#\d+: (?:\*\d+ )?(.*)$/s.exec(
      line,
    )
  if (error) return { words: [said(error[1]!)] }
  return line.includes(', client: ') ? { words: [said(line)] } : undefined
}

/** Without what nginx puts behind it: addresses and URLs hold anything. */
const said = (message: string): string => message.split(', client: ')[0]!
