/** HAProxy's observe: which ends of requests count, and what too many of them come to. */
import { test } from 'tap'
import type { z } from 'zod'
import type { Failure } from '../../src/core/failure.js'
import { type Ended, passiveHealth, watchServers } from '../../src/core/proxy/passive_health/index.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { chanceFrom } from '../../src/lib/random.js'
import { failureBy, serverOf } from './balanced.js'

type Config = Omit<z.input<typeof passiveHealth.haproxy.schema>, 'type'>

function watched(config: Config, fall = 3) {
  const server = serverOf()
  watchServers(
    passiveHealth.haproxy.schema.parse({ type: 'haproxy', ...config }),
    groupServers([server]),
    chanceFrom(1),
  )
  server.watched = { state: 'up', failures: 0 }
  server.thresholds = { rise: 2, fall }
  return server
}

const ended = (more: Partial<Ended>): Ended => ({ status: undefined, failure: undefined, reused: false, ...more })
const failure = (manner: Failure['manner'], stage: Failure['stage']): Failure => ({ ...failureBy(manner), stage })

test('what counts: the table of analyze_statuses', async (t) => {
  const ends: [name: string, how: Ended, layer4: number, layer7: number][] = [
    ['no connection', ended({ failure: failure('refused', 'connect') }), 2, 2],
    ['200', ended({ status: 200 }), 0, 0],
    ['404', ended({ status: 404 }), 0, 0],
    ['501', ended({ status: 501 }), 0, 0],
    ['505', ended({ status: 505 }), 0, 0],
    ['500', ended({ status: 500 }), 0, 2],
    ['invalid', ended({ failure: failure('http', 'response_head') }), 0, 2],
    ['read error', ended({ failure: failure('reset', 'response_head') }), 0, 2],
    ['read timeout', ended({ failure: failure('timeout', 'response_head') }), 0, 2],
    ['closed', ended({ failure: failure('closed', 'response_head') }), 0, 2],
    ['the client left', ended({}), 1, 1],
  ]
  for (const [name, how, layer4, layer7] of ends) {
    const fails = (observe: 'layer4' | 'layer7') => {
      const server = watched({ observe })
      server.passive.ended(true, ended({ failure: failure('refused', 'connect') }), 0)
      server.passive.ended(how.failure !== undefined, how, 0)
      return server.fails
    }
    t.strictSame([fails('layer4'), fails('layer7')], [layer4, layer7], name)
  }
})

test('error-limit in a row lead to on-error', async (t) => {
  const bad = ended({ failure: failure('refused', 'connect') })
  const outcomes = (on_error: NonNullable<Config['on_error']>, rounds: number) => {
    const server = watched({ observe: 'layer4', error_limit: 2, on_error })
    const told = Array.from({ length: rounds * 2 }, () => server.passive.ended(true, bad, 0))
    return [...told.filter((_, n) => n % 2 === 1), server.checked]
  }
  t.strictSame(outcomes('fastinter', 2), ['doubted', 'doubted', 'up'])
  t.strictSame(outcomes('fail-check', 3), ['doubted', 'doubted', 'down', 'down'])
  t.strictSame(outcomes('sudden-death', 2), ['doubted', 'down', 'down'])
  t.strictSame(outcomes('mark-down', 1), ['down', 'down'])
})

test('one good response zeroes the counter; without checks or observe nothing happens', async (t) => {
  const bad = ended({ failure: failure('refused', 'connect') })
  const server = watched({ observe: 'layer7', error_limit: 2, on_error: 'mark-down' })
  server.passive.ended(true, bad, 0)
  server.passive.ended(false, ended({ status: 200 }), 0)
  t.equal(server.passive.ended(true, bad, 0), undefined)
  t.equal(server.passive.ended(true, bad, 0), 'down')
  const unchecked = watched({ observe: 'layer7', error_limit: 1, on_error: 'mark-down' })
  unchecked.watched = undefined
  t.equal(unchecked.passive.ended(true, bad, 0), undefined)
  const blind = watched({ error_limit: 1 })
  t.equal(blind.passive.ended(true, bad, 0), undefined)
  t.equal(blind.available(0), true)
})
