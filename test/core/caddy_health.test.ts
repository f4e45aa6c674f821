/** Caddy's passive health: each failed try has its own time to be forgotten. Seen at Caddy 2.6.2. */
import { test } from 'tap'
import type { z } from 'zod'
import { passiveHealth, type Turn, watchServers } from '../../src/core/proxy/passive_health/index.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { chanceFrom } from '../../src/lib/random.js'
import { serverOf } from './balanced.js'

type Config = Omit<z.input<typeof passiveHealth.caddy.schema>, 'type'>

function watched(config: Config) {
  const server = serverOf()
  const told: [Turn, string][] = []
  watchServers(
    passiveHealth.caddy.schema.parse({ type: 'caddy', ...config }),
    groupServers([server]),
    chanceFrom(1),
    (_, turned, why) => told.push([turned, why]),
  )
  const end = (failed: boolean, now: number, status?: number) =>
    server.passive.ended(failed, { status, failure: undefined, reused: false }, now)
  return {
    server,
    told,
    failed: (now: number) => end(true, now),
    answered: (s: number, now: number) => end(false, now, s),
  }
}

test('max_fails within fail_duration keep requests away until the first of them is that old', async (t) => {
  const { server, told, failed } = watched({ fail_duration: '100ms', max_fails: 2 })
  t.equal(failed(0), undefined)
  t.ok(server.available(50))
  t.equal(failed(60), 'excluded')
  t.equal(failed(70), undefined, 'it was excluded already')
  t.notOk(server.available(99))
  t.notOk(server.available(100), 'two of three are left')
  t.same(told, [])
  t.ok(server.available(160))
  t.same(told, [['recovered', 'a failed try is forgotten']])
  t.equal(server.fails, 1)
  t.equal(failed(165), 'excluded', 'with the one that is left')
})

test('a good response forgives nothing, and without a fail_duration nothing counts', async (t) => {
  const { server, failed, answered } = watched({ fail_duration: '1s' })
  failed(0)
  answered(200, 1)
  t.notOk(server.available(2))
  const free = watched({})
  for (let now = 0; now < 9; now++) t.equal(free.failed(now), undefined)
  t.ok(free.server.available(9))
})

test('unhealthy_status: a status, or the first figure of it; once for each that is met', async (t) => {
  const { server, answered } = watched({ fail_duration: '1s', max_fails: 9, unhealthy_status: [5, 503, 429] })
  const counted = [200, 404, 429, 500, 503].map((status) => {
    const before = server.fails
    answered(status, 0)
    return server.fails - before
  })
  t.same(counted, [0, 0, 1, 1, 2])
})
