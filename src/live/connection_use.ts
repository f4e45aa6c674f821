/** Of a connection, what the journal keeps: whom it reached, and how it was made. Connections and tunnels call it. */
import type { ConnectionUse } from '../journal/events.js'
import type { ConnectionBooks } from './books.js'
import { roundMs } from './clock.js'
import { formatAddress, type Target } from './site.js'

/** The target as it was dialled; by its name where no address was found. */
export const reachedBy = (books: ConnectionBooks, target: Target): Target => ({
  ...target,
  host: books.host ?? target.name ?? target.host,
})

export function useOf(books: ConnectionBooks, target: Target): ConnectionUse {
  const { secured, requests, local, connectMs, tlsMs, lookup } = books
  const address = formatAddress(reachedBy(books, target))
  const tls = secured !== null
  const tunnelled = tunnelOf(books)
  if (requests > 1) return { address, local, reused: true, tls, tunnelled }
  const times = { connect_ms: roundMs(connectMs), tls_ms: roundMs(tlsMs) }
  return { address, local, reused: false, tls, tunnelled, lookup, ...times }
}

function tunnelOf({ passage, requests }: ConnectionBooks): ConnectionUse['tunnelled'] {
  if (!passage) return undefined
  const { to, status, ms } = passage
  return requests > 1 ? { to, status } : { to, status, ms: roundMs(ms) }
}
