import type { Rig } from '../../rig.js'
import type { Bench, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { times } from '../telling.js'
import { answers, ended, faultOf, giveUp } from '../trouble.js'

const CALLS = 8

/** RFC 9112 section 9.3: a response that was read to its end leaves the connection to the next request. */
export const keeps_connections = {
  summary: 'A failed response does not cost its connection: the next attempt goes over the same one',
  why: 'A client that opens one for each failure meets a server in trouble with handshakes as well.',
  async check(bench) {
    const well = await bench.rig({ faults: [] })
    const kept = await connectionsOf(bench, well)
    if (kept.attempts === 0) return inconclusive('no request reached the server')
    if (kept.connections > CALLS / 2)
      return notApplicable('it opens a new connection for each call, also where none fails')
    const trouble = answers(502, { size: '16KB' })
    const lab = await bench.rig({ faults: [faultOf('down', trouble, { per: 'request', first: 1 })] })
    const { attempts, connections } = await connectionsOf(bench, lab)
    const fired = lab.fault('down').fired ?? 0
    const told = `${times(CALLS, 'call')}, each with a 502, made ${times(attempts, 'attempt')} over ${times(connections, 'connection')}`
    const evidence = [`${times(CALLS, 'call')} without a failure: ${times(kept.connections, 'connection')}`]
    if (fired < CALLS) return inconclusive(`only ${fired} of ${times(CALLS, 'call')} got their 502`, evidence)
    if (connections >= fired) return fail(told, evidence)
    return connections <= CALLS / 2 ? pass(told, evidence) : inconclusive(told, evidence)
  },
} as const satisfies Rule

async function connectionsOf(bench: Bench, lab: Rig): Promise<{ attempts: number; connections: number }> {
  for (let n = 0; n < CALLS; n++) {
    const asked = await bench.ask(lab)
    if (!(await ended(bench, lab, asked, 30_000))) giveUp(bench, asked)
  }
  const seen = lab.attempts()
  return { attempts: seen.length, connections: new Set(seen.map(({ connection }) => connection)).size }
}
