/** Small scenarios that end in each of the ways a scenario can, as files of a folder. */

const RESET = (id: string, more: string, expect: string): string => `id: ${id}
title: One request is reset
hops: { app: { kind: origin }, lb: { kind: proxy, to: [app] } }
clients: { plain: { to: lb, load: { requests: 2 } } }
faults:
  - { id: rst, on: app, at: request_head, effect: reset, ${more} }
expect:
  - { client: plain, status: ${expect} }
`

export const passing = RESET('passing', 'first: 1', '502, count: "= 1"')
export const failing = RESET('failing', 'first: 1', '502, count: "= 2"')
export const silent = RESET('silent', 'match: { path: /never }', '200, count: "= 2"')

/** Ends when it is told to. */
export const long = `id: long
title: A load that goes on for a minute
hops: { app: { kind: origin }, lb: { kind: proxy, to: [app] } }
clients: { steady: { to: lb, load: { rate: 20/s, for: 60s } } }
faults:
  - { id: rst, on: app, at: request_head, effect: reset, first: 1 }
expect:
  - { fault: rst, fired: "= 1" }
`

export const onPort = (port: number): string => `id: on-port
title: A hop at a fixed port
hops: { app: { kind: origin, port: ${port} } }
clients: { plain: { to: app } }
expect:
  - { client: plain, status: 200, count: "= 1" }
`

/** Six problems, each of another sort. */
export const wrong = `id: wrong
title: Wrong in six ways
hops:
  app: { kind: origni }
  lb: { kind: proxy, to: [ap], timeouts: { read: 150 } }
clients:
  plain: { to: lb, loads: { requests: 2 } }
faults:
  - { id: rst, on: app, at: request_head, effect: rset }
expect:
  - { client: plian, status: 502, count: "= 1" }
`
