/**
 * Who is asked when is as in Apache, request by request: timelines drawn from a seed are played at the real Apache, and
 * decided by the core. Compared are the servers that could not be reached, the one that got the request, and the status.
 */
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { createScope } from '../../src/lib/scope.js'
import { apacheVersion, startApache } from './apache_order/apache.js'
import { decide } from './apache_order/core.js'
import { drawTimeline, type Timeline } from './apache_order/timeline.js'
import { play } from './haproxy_order/play.js'
import { startBackends } from './order/backends.js'

const SEED = Number(process.env.ORDER_SEED ?? 20_261_126)
const COUNT = Number(process.env.ORDER_COUNT ?? 240)
const AT_ONCE = 40

/** The Apache whose order is meant. */
const MEANT = '2.4.71'
const version = apacheVersion()
const install = `Apache ${MEANT} is not installed${version ? ` but ${version}` : ''}: apt-get install apache2`
const skip = version !== MEANT && process.env.NO_SKIP !== '1' && install

interface Row {
  wanted: unknown
  told: unknown
}

t.test('servers are met in the order of Apache', { skip }, async (t) => {
  t.equal(version, MEANT, 'the version of Apache')
  const left = Array.from({ length: COUNT }, (_, number) => drawTimeline(SEED, number))
  let [rows, equal] = [0, 0]
  while (left.length > 0) {
    for (const [timeline, found] of await playAll(left.splice(0, AT_ONCE))) {
      const different = found.filter(({ wanted, told }) => !isDeepStrictEqual(wanted, told))
      rows += found.length
      equal += found.length - different.length
      t.strictSame(different.slice(0, 1), [], `seed ${SEED}, timeline ${timeline.id}`)
      if (different.length > 0) t.comment(JSON.stringify(timeline))
    }
  }
  t.comment(`${equal} of ${rows} requests equal`)
})

async function playAll(batch: readonly Timeline[]): Promise<[Timeline, Row[]][]> {
  const scope = createScope()
  const backends = await startBackends(5)
  scope.add(() => backends.close())
  try {
    const apache = await startApache(batch, backends.ports)
    scope.add(() => apache.close())
    const turn = async () => {}
    const entrance = { name: 'apache', at: { host: '127.0.0.1', port: apache.port }, turn }
    return await Promise.all(
      batch.map(async (timeline): Promise<[Timeline, Row[]]> => {
        // It looks at the id and the steps alone.
        const played = await play(timeline as never, entrance, backends)
        const decided = decide(timeline)
        const rows = timeline.steps.flatMap((step, at): Row[] => {
          if (step.do !== 'ask') return []
          const id = played.id[at]!
          const wanted = { ...apache.logged(id), met: backends.met(id), status: played.status[at] }
          return [{ wanted, told: decided[at] }]
        })
        return [timeline, rows]
      }),
    )
  } finally {
    await scope.close()
  }
}
