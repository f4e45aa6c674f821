/**
 * How a cause is proven: it passes; and it does not without its fault, under its control, or with a neighbouring fault. A
 * scenario that could not fail would prove nothing. causes.test.ts calls it, and alone/causes.ts for those that load
 * the machine.
 */
import { readdirSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { CertificateKind } from '../src/core/fault/effects/certificate.js'
import type { Effect } from '../src/core/fault/effects/index.js'
import type { Fault } from '../src/core/fault/fault.js'
import type { JournalEvent } from '../src/journal/events.js'
import { loadParts } from '../src/live/start.js'
import { sections, sectionsOf } from '../src/reports/sections.js'
import { runScenario } from '../src/run.js'
import { readScenario } from '../src/scenario/files.js'
import type { Scenario } from '../src/scenario/schema.js'
import { untilJudged } from './judged.js'
import { saidOf, unexplained } from './words/said.js'

type Neighbours = { [Word in Effect['type']]?: (effect: Extract<Effect, { type: Word }>) => Effect }

/** What a careless rig might do instead: it looks alike from afar. Of those that are not here, the connection is closed. */
const neighbours: Neighbours = {
  blackhole: () => ({ type: 'refuse' }),
  unreachable: () => ({ type: 'refuse' }),
  close: () => ({ type: 'reset' }),
  delay: () => ({ type: 'stall' }),
  throttle: () => ({ type: 'stall' }),
  alert: ({ id }) => ({ type: 'alert', id: id === 40 ? 70 : 40 }),
  certificate: ({ kind }) => ({ type: 'certificate', kind: otherCertificate[kind] }),
  // Alert 70 for 40 and 40 for 70; and what is wrong with the other side's certificate for what is wrong with ours.
  tls: ({ min_version, client_certificate }) =>
    client_certificate
      ? { type: 'certificate', kind: 'expired' }
      : { type: 'tls', ...(min_version ? { client_certificate: 'required' } : { min_version: 'TLSv1.3' }) },
  dns: ({ answer }) => ({ type: 'dns', answer: answer === 'nxdomain' ? 'servfail' : 'nxdomain' }),
}

/** The one that is most easily taken for it. */
const otherCertificate: Record<CertificateKind, CertificateKind> = {
  expired: 'not_yet_valid',
  not_yet_valid: 'expired',
  wrong_host: 'expired',
  untrusted: 'missing_intermediate',
  missing_intermediate: 'untrusted',
}

function neighbour(fault: Fault): Fault {
  // Silence of a name server looks most like one that fails: there is no connection to close.
  const effect: Effect =
    fault.at.type === 'resolve' && fault.effect.type === 'stall'
      ? { type: 'dns', answer: 'servfail' }
      : (neighbours[fault.effect.type]?.(fault.effect as never) ?? { type: 'close' })
  // A refused address has no neighbour among the states of one: a connection that is closed at once looks most alike.
  return fault.effect.type === 'refuse' && !fault.on.includes('->')
    ? { ...fault, effect, at: { type: 'accept' }, window: undefined }
    : { ...fault, effect }
}

function run(file: string, scenario: Scenario, events: JournalEvent[] = []) {
  const openJournal = () => ({ write: (event: JournalEvent) => events.push(event), close: async () => {} })
  return untilJudged(() => {
    events.length = 0
    return runScenario({ file, scenario }, { openJournal })
  })
}

/** What was said in its run is explained when all have run: that takes half a second now and then, and they share a loop. */
function prove({ file, scenario }: Cause, ran: (cause: Ran) => unknown): Promise<unknown> {
  const { control, faults } = scenario
  const fails = async (t: Test, changed: Scenario, how: string) => {
    const result = await run(file, changed)
    const failed = result.checks.filter((check) => check.verdict === 'fail' && !check.name.startsWith('fault '))
    t.not(result.verdict, 'pass', `${how} it does not pass`)
    t.ok(failed.length > 0, `${how}, a check other than "the fault fired" fails`)
    return result
  }
  return t.test(file, async (t) => {
    const parts = (scenario.about ?? '').trim().split('\n\n')
    t.same(
      parts.map((part) => /^[^:]*:/.exec(part)?.[0]),
      ['What to look for:', 'On the wire:', 'Which layer:', 'The usual fix:'],
      'about has its four paragraphs',
    )
    t.equal(sectionsOf(scenario.tags).length, 1, `one of its tags is a section: ${Object.keys(sections).join(', ')}`)
    t.ok(`✓ ${scenario.id}  ${scenario.title}`.length <= 80, 'id and title fit into a line of 80 columns')
    t.ok(control ?? faults.length > 0, 'has a cause that can be taken away')

    const events: JournalEvent[] = []
    const armed = await run(file, scenario, events)
    t.equal(armed.verdict, 'pass', JSON.stringify([armed.reason, armed.faults, armed.checks]))
    ran({ id: scenario.id, events })

    if (control) await fails(t, control, 'under its control')
    if (faults.length === 0) return
    if (!control) await fails(t, { ...scenario, faults: [] }, 'disarmed')
    const beside = await fails(t, { ...scenario, faults: faults.map(neighbour) }, 'with a neighbouring effect')
    for (const fault of beside.faults) t.not(fault.fired, 0, `and the neighbour of ${fault.id} fired`)
  })
}

interface Cause {
  file: string
  scenario: Scenario
}

interface Ran {
  id: string
  events: readonly JournalEvent[]
}

/**
 * Those whose ids are on the command line, if any: `npx tap test/causes.test.ts --test-arg=<id>`.
 * @param alone those that say so, one after the other; or the others, four at a time
 */
export async function proveCauses(alone: boolean): Promise<void> {
  const only = process.argv.slice(2)
  const folder = 'scenarios/causes'
  const files = readdirSync(folder).map((name) => `${folder}/${name}`)
  const causes = await Promise.all(files.map(async (file) => ({ file, scenario: await readScenario(file) })))
  await loadParts(causes.map(({ scenario }) => scenario))
  t.jobs = alone ? 1 : 4
  const ran: Ran[] = []
  await Promise.all(
    causes
      .filter(({ scenario }) => scenario.alone === alone && (only.length === 0 || only.includes(scenario.id)))
      .map((cause) => prove(cause, (each) => ran.push(each))),
  )
  await t.test('whatever any product says of one leads to it', async (t) => {
    t.not(ran.length, 0)
    for (const { id, events } of ran) t.strictSame(unexplained(saidOf(events), id), [], id)
  })
}
