/** The words in which nginx says what moves a request on; its rules of forwarding and readers of configurations use them. */

/** What moves a request on to the next server: nginx's words. */
export const nextUpstreamConditions = [
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
  'non_idempotent',
] as const
export type NextUpstreamCondition = (typeof nextUpstreamConditions)[number]
