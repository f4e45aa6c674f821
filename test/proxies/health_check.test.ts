/** What becomes of a scenario with health checks when a product that has none stands in for its proxy. */
import { test } from 'tap'
import { settingsOf } from '../../src/live/proxies/settings.js'
import { lacks } from '../../src/proxies/nginx/lacks.js'
import type { ProxyHop } from '../../src/scenario/hops.js'
import { checkScenario } from '../../src/scenario/parse.js'

test('nginx has no health checks of its own: that is told, and the scenario is skipped', async (t) => {
  const lacksOf = (more: object) => {
    const hops = { app: { kind: 'origin' as const }, lb: { kind: 'proxy' as const, to: ['app'], ...more } }
    const scenario = checkScenario({ id: 'x', title: 'x', hops }, { runnable: false })
    return lacks(settingsOf({ scenario }, 'lb', scenario.hops.lb as ProxyHop))
  }
  t.same(lacksOf({ health_check: 'tcp' }), [
    { setting: 'health_check', why: 'only the commercial nginx checks servers by itself' },
  ])
  t.same(lacksOf({}), [])
})
