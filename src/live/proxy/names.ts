/**
 * How a proxy finds the address of an upstream by its name: from its cache, or by asking the run's name server. dial.ts
 * calls it before every connection; which answer is which failure is not decided here.
 */
import { type RecordWithTtl, Resolver } from 'node:dns'
import { createNameCache } from '../../core/proxy/name_cache.js'
import type { ResolverConfig } from '../../core/proxy/resolver.js'
import type { ConnectionBooks, Resolve } from '../books.js'
import { monotonicMs, roundMs, startDeadline } from '../clock.js'
import type { Site } from '../site.js'

/** One per proxy: gives the way to resolve each of its names, and all share a cache. */
export function createNames(site: Site, hop: string, config: ResolverConfig): (name: string) => Resolve {
  const cache = createNameCache()
  const asking = new Set<Resolver>()
  site.scope.add(() => {
    for (const resolver of asking) resolver.cancel()
  })

  /** One query on the wire. A resolver of its own: c-ares would stretch the timeout by what it remembers of a server. */
  function query(name: string, type: Type, answered: Answered): void {
    const resolver = new Resolver({ timeout: NEVER_MS, tries: 1 })
    resolver.setServers([site.nameServer!])
    asking.add(resolver)
    let late = false
    const stop = startDeadline(config.timeout, () => {
      late = true
      resolver.cancel()
    })
    const told = (error: NodeJS.ErrnoException | null, records: RecordWithTtl[]): void => {
      stop()
      asking.delete(resolver)
      const record = error ? undefined : records[0]
      answered(record ? undefined : late ? 'ETIMEOUT' : (error?.code ?? 'ENODATA'), record)
    }
    if (type === 'A') resolver.resolve4(name, { ttl: true }, told)
    else resolver.resolve6(name, { ttl: true }, told)
  }

  /** As often as it may, while another time may help. */
  function ask(name: string, type: Type, books: ConnectionBooks, answered: Answered, left = config.tries): void {
    query(name, type, (code, record) => {
      const again = code !== undefined && AGAIN.has(code) && left > 1 && !books.abandoned
      if (again) ask(name, type, books, answered, left - 1)
      else answered(code, record)
    })
  }

  /** The question for AAAA goes out first where there are two, as Go sends them, and both answers are awaited. */
  function askAll(name: string, books: ConnectionBooks, answered: Answered): void {
    if (!config.ipv6) return ask(name, 'A', books, answered)
    let open = 2
    let answer: Parameters<Answered> = [undefined]
    const one = (): void => {
      if (--open === 0) answered(...answer)
    }
    ask(name, 'AAAA', books, one)
    ask(name, 'A', books, (...told) => {
      answer = told
      one()
    })
  }

  return (name) => (books, found) => {
    const known = config.cache ? cache.get(name, monotonicMs()) : undefined
    if (known !== undefined) {
      books.lookup = { name, answer: known }
      return found(known)
    }
    const started = monotonicMs()
    askAll(name, books, (code, record) => {
      if (record) cache.put(name, record.address, record.ttl, monotonicMs())
      else books.ending ??= { by: 'resolver', code: code! }
      const answer = record?.address ?? code!
      const ms = roundMs(monotonicMs() - started)
      books.lookup = { name, answer, ms }
      site.journal({ event: 'lookup', t: site.now(), hop, name, answer, ms })
      found(record?.address)
    })
  }
}

type Type = 'A' | 'AAAA'
/** Either the code or the record. */
type Answered = (code: string | undefined, record?: RecordWithTtl) => void

/** Longer than any timeout of ours, which are exact; c-ares looks at its own only now and then. */
const NEVER_MS = 2_000_000_000

/** The name server said nothing, or nothing about the name: another time it may. */
const AGAIN = new Set(['ETIMEOUT', 'ESERVFAIL'])
