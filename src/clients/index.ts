/** The libraries that can be audited, by the name that a user types. One file and one line each. */
import { async_retry } from './async-retry.js'
import { axios_retry } from './axios-retry.js'
import { cockatiel } from './cockatiel.js'
import { cockatiel_backoff } from './cockatiel-backoff.js'
import type { ClientDriver } from './driver.js'
import { exponential_backoff } from './exponential-backoff.js'
import { plain_fetch } from './fetch.js'
import { fetch_retry } from './fetch-retry.js'
import { got } from './got.js'
import { ky } from './ky.js'
import { mollitia } from './mollitia.js'
import { ofetch } from './ofetch.js'
import { opossum } from './opossum.js'
import { p_retry } from './p-retry.js'
import { p_retry_over_got } from './p-retry-over-got.js'
import { smithy_util_retry } from './smithy-util-retry.js'
import { superagent } from './superagent.js'
import { undici_retry_agent } from './undici-retry-agent.js'
import { undici_retry_interceptor } from './undici-retry-interceptor.js'
import { wretch } from './wretch.js'

export const libraries: Readonly<Record<string, ClientDriver>> = {
  'async-retry': async_retry,
  'axios-retry': axios_retry,
  cockatiel,
  'cockatiel-backoff': cockatiel_backoff,
  'exponential-backoff': exponential_backoff,
  fetch: plain_fetch,
  'fetch-retry': fetch_retry,
  got,
  ky,
  mollitia,
  ofetch,
  opossum,
  'p-retry': p_retry,
  'p-retry-over-got': p_retry_over_got,
  'smithy-util-retry': smithy_util_retry,
  superagent,
  'undici-retry-agent': undici_retry_agent,
  'undici-retry-interceptor': undici_retry_interceptor,
  wretch,
}
