/** The libraries that can be audited, by the name that a user types. One file and one line each. */
import type { ClientDriver } from './driver.js'
import { got } from './got.js'
import { undici_retry_agent } from './undici-retry-agent.js'

export const libraries: Readonly<Record<string, ClientDriver>> = {
  got,
  'undici-retry-agent': undici_retry_agent,
}
