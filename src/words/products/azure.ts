/** The words of Azure Application Gateway v2: error_info in its access log. */
import type { Mishap } from '../mishaps.js'
import { type Product, word } from '../product.js'

const info = (name: string, mishaps: readonly Mishap[], says: string, next: string, causes: readonly string[] = []) =>
  word(`ERRORINFO_${name}`, mishaps, says, next, { pattern: new RegExp(`ERRORINFO_${name}(?!\\w)`), causes })

export const azure: Product = {
  title: 'Azure Application Gateway',
  source: 'http-response-codes.md of MicrosoftDocs/azure-docs, a stored copy',
  next: 'error_info in the access log; Backend health of the gateway.',
  mark: /^server: Microsoft-Azure-Application-Gateway/im,
  statuses: {
    '400': ['bad_request'],
    '403': ['denied'],
    '408': ['bad_request'],
    '499': ['client_left'],
    '500': ['overloaded'],
    '502': [
      'refused',
      'connect_timeout',
      'name_unknown',
      'name_failed',
      'name_timeout',
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'tls_garbled',
      'certificate',
      'closed',
      'reset',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'no_server',
      'unroutable',
    ],
    '504': ['silent', 'slow_head', 'connect_timeout'],
  },
  words: [
    info(
      'UPSTREAM_CLOSED_CONNECTION',
      ['closed', 'reset', 'partial_head'],
      'The backend ended the connection before it answered: 502.',
      'The log of the backend; its keep-alive time.',
      ['keepalive-race'],
    ),
    info(
      'UPSTREAM_TIMED_OUT',
      ['silent', 'slow_head', 'connect_timeout'],
      'The backend did not answer in time: 504 (v1: 502).',
      'The request timeout of the backend settings (20 s).',
    ),
    info('UPSTREAM_NO_LIVE', ['no_server'], 'No healthy backend: 502.', 'Backend health: what the probes say.'),
    info(
      'UPSTREAM_RESPONSE_INVALID',
      ['not_http', 'bad_header', 'two_lengths'],
      'The response is no valid HTTP: 502.',
      'The bytes that come back.',
    ),
    info('CLIENT_CLOSED_REQUEST', ['client_left'], 'The client left: 499 (v1: 0).', "The client's timeout."),
    info('CLIENT_TIMED_OUT', ['bad_request', 'client_left'], 'The client sent nothing more: 408.', 'Slow clients.', [
      'client-gave-up',
    ]),
    info('INVALID_REQUEST', ['bad_request'], 'The request is not one that it takes: 400.', 'What the client sends.'),
  ],
}
