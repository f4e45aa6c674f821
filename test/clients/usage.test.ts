/** The lines that are shown for each library are run as they stand, and do what its driver does. */
import { setTimeout } from 'node:timers/promises'
import t, { test } from 'tap'
import { libraries } from '../../src/clients/index.js'
import { moduleSubject } from '../../src/clients/module.js'
import { rig } from '../../src/rig.js'
import { published, timeScaleFor } from './published_defaults.js'

t.setTimeout(120_000)
t.jobs = 3

/** So many attempts are as good as no end. */
const ENDLESS = 50

for (const [name, { usage }] of Object.entries(libraries)) {
  test(name, { buffered: true }, async (t) => {
    const lines = usage.split('\n')
    const imports = lines.filter((line) => line.startsWith('import '))
    const rest = lines.filter((line) => !line.startsWith('import '))
    const client = `${imports.join('\n')}
export async function send(url, { method, headers, body, signal }) {
  {
    ${rest.join('\n    ')}
  }
  return new Response('read')
}
`
    const folder = t.testdir({ 'client.mjs': client })
    const facts = published[name]!
    const timeScale = timeScaleFor(facts)
    const running = await moduleSubject('./client.mjs#send', { folder, timeScale }).start()
    t.teardown(() => running.close())
    const app = await rig({
      hops: { app: { kind: 'origin' } },
      faults: [
        {
          id: 'busy',
          on: 'app',
          at: 'request_head',
          effect: { type: 'respond', status: 502 },
          match: { path: '/always' },
        },
      ],
    })
    t.teardown(() => app.close())
    const call = (path: string) => running.call({ url: app.url + path, method: 'GET', headers: {} })
    t.match(await call('/').answer, { status: 200, body: 'read' }) || t.comment(client)

    const one = call('/always')
    const attempts = () => app.attempts({ path: '/always' }).length
    const wanted = facts.attempts
    if (wanted === 'endless') return app.until(() => attempts() > ENDLESS)
    await one.answer
    // A caller is done a moment before the server has written down how that ended.
    await setTimeout(50)
    t.equal(attempts(), wanted)
  })
}
