/**
 * The fault tape: whose attempt a request is, told by its X-Request-Id and by what a server has counted, so that the n-th
 * request's k-th attempt meets the same fate whichever client sends it, and however often others retry. Draws that hang on
 * it are common random numbers (Glasserman and Yao, 1992). The plan keeps the counts; hops ask it.
 */

/** What a server knows of a request that came with an id. */
export interface Mark {
  /** X-Request-Id. */
  request: string
  /** Whose it is, where the id is one of a client of a scenario: `<client>-<n>`, or `<client>.<i>-<n>` of many. */
  client?: string
  /** What draws hang on, for the same ids: the n-th request's k-th attempt, the same for all clients. */
  key?: string
}

/** A load has at most ten million requests; longer numbers are part of somebody else's ids. */
const OF_CLIENT = /^([a-z][a-z0-9_-]*)((?:\.\d{1,8})?-\d{1,8})$/

/** @param k how often a request with that id had come before */
export function markOf(request: string, k: number): Mark {
  const [, client, number] = OF_CLIENT.exec(request) ?? []
  return client === undefined ? { request } : { request, client, key: `${number}/${k + 1}` }
}
