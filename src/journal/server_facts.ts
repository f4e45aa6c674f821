/**
 * What became of each server of a proxy: tries of requests and checks apart, and how often its state turned. The
 * reducer calls it.
 */
import type { CheckEvent, ForwardEvent, ServerEvent, Try } from './events.js'
import type { ServerMetrics } from './result.js'
import { byName, createTally } from './tally.js'

/** By server, in the order of first occurrence. */
export type ServerFacts = ReadonlyMap<string, ServerMetrics>

/** Of one proxy. */
export function createServersFold() {
  const servers = byName(createServerFold)
  return {
    forward({ tries }: ForwardEvent) {
      for (const one of tries) servers.at(one.server).tried(one)
    },
    checked: (event: CheckEvent) => servers.at(event.server).checked(event),
    turned: (event: ServerEvent) => servers.at(event.server).turned(event),
    facts: (): ServerFacts => servers.map((fold) => fold.facts()),
  }
}

function createServerFold() {
  const turns = createTally()
  let [tries, failed, checks, passed] = [0, 0, 0, 0]
  return {
    tried({ failure, status = 0 }: Try) {
      tries++
      if (failure || status >= 500) failed++
    },
    checked({ result }: CheckEvent) {
      checks++
      if (result !== 'failed') passed++
    },
    turned({ state }: ServerEvent) {
      turns.add(state)
    },
    facts: (): ServerMetrics => ({
      tries,
      tries_failed: failed,
      error_rate: tries > 0 ? failed / tries : null,
      checks,
      checks_passed: passed,
      pass_rate: checks > 0 ? passed / checks : null,
      turns: Object.fromEntries(turns.counts()),
    }),
  }
}
