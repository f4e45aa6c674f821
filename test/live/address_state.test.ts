/** The states of an address, seen from whoever dials it and in the kernel's own table of connections. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { createFaultPlan } from '../../src/core/fault/plan.js'
import type { JournalEvent } from '../../src/journal/events.js'
import { chanceFrom } from '../../src/lib/random.js'
import { createScope } from '../../src/lib/scope.js'
import { openBooks } from '../../src/live/books.js'
import { createCourse } from '../../src/live/course.js'
import { dial as dialHop } from '../../src/live/dial.js'
import { targetOf } from '../../src/live/site.js'
import { startSite } from '../../src/live/start.js'
import { checkScenario } from '../../src/scenario/parse.js'
import { forwardsIn, good, lone, portOf, statusOf, until, withRig } from './peers.js'

const SYN_SENT = '02'

/** How many connections towards a port are in that state, by the kernel's account. */
function inState(port: number, state: string): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n')
  return rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[2]?.endsWith(end) && row[3] === state).length
}

/** `connected`, or the code of the error. */
const dial = (port: number): { socket: Socket; how: Promise<string> } => {
  const socket = connect(port, '127.0.0.1')
  const how = new Promise<string>((resolve) => {
    socket.on('connect', () => resolve('connected'))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code!))
  })
  return { socket, how }
}

const onConnect = (effect: string, more: object = {}) => ({ id: 'f', on: 'app', at: 'connect', effect, ...more })

t.test('refuse: nobody else is given the port meanwhile, and it is ours again afterwards', async (t) => {
  await withRig(lone({}, {}, [onConnect('refuse')]), async (lab) => {
    const port = portOf(lab, 'app')
    const own = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
    const taken = () => {
      const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n')
      return rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[1]?.endsWith(own) && row[3] === '01').length
    }
    t.equal(taken(), 1, 'a connection has it')
    t.equal(await dial(port).how, 'ECONNREFUSED')
    await lab.fault('f').disarm()
    t.equal(statusOf(await good(port)), 200)
    await lab.fault('f').arm()
    t.equal(await dial(port).how, 'ECONNREFUSED')
  })
})

t.test('blackhole: not one SYN is answered, and hanging connects succeed once it is lifted', async (t) => {
  await withRig(lone({}, {}, [onConnect('blackhole')]), async (lab) => {
    const port = portOf(lab, 'app')
    const dials = [dial(port), dial(port), dial(port)]
    await until(() => inState(port, SYN_SENT) === 3)
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.equal(inState(port, SYN_SENT), 3, 'still unanswered')
    t.strictSame(
      dials.map(({ socket }) => socket.connecting),
      [true, true, true],
    )
    t.equal(lab.facts.connections.get('app') ?? 0, 0, 'the origin saw nothing')

    await lab.fault('f').disarm()
    t.equal(statusOf(await good(port)), 200, 'a new connection at once')
    t.strictSame(await Promise.all(dials.map(({ how }) => how)), ['connected', 'connected', 'connected'])
    for (const { socket } of dials) socket.destroy()

    await lab.fault('f').arm()
    const again = dial(port)
    await until(() => inState(port, SYN_SENT) === 1)
    again.socket.destroy()
  })
})

t.test('blackhole: the proxy waits for its connect timeout, counts, and answers 504', async (t) => {
  const rig = lone({}, { timeouts: { connect: '60ms' } }, [onConnect('blackhole')])
  await withRig(rig, async (lab) => {
    const port = portOf(lab, 'lb')
    t.equal(statusOf(await good(port)), 504)
    t.equal(lab.fault('f').fired, 1)
    const [forward] = forwardsIn(lab.journal)
    t.match(forward!.failure, { type: 'connection_timeout', stage: 'connect' })
    t.ok(forward!.ms >= 59, `${forward!.ms}`)
    await lab.fault('f').disarm()
    t.equal(statusOf(await good(port)), 200)
    t.equal(lab.fault('f').fired, 1)
  })
})

t.test('blackhole: who gives up before any timer has met it all the same', async () => {
  await withRig(lone({}, {}, [onConnect('blackhole')]), async (lab) => {
    const client = connect(portOf(lab, 'lb'), '127.0.0.1')
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => inState(portOf(lab, 'app'), SYN_SENT) === 1)
    client.destroy()
    await until(() => lab.fault('f').fired === 1)
  })
})

t.test('several black holes side by side, and connections that are open stay', async (t) => {
  const names = ['a', 'b', 'c', 'd']
  const hops = Object.fromEntries(names.map((name) => [name, { kind: 'origin' as const }]))
  const faults = names.map((on) => ({ ...onConnect('blackhole'), id: on, on }) as const)
  await withRig({ hops, faults } as never, async (lab) => {
    for (const name of names) await lab.fault(name).disarm()
    const open = names.map((name) => connect(portOf(lab, name), '127.0.0.1'))
    await Promise.all(open.map((socket) => once(socket, 'connect')))
    for (const name of names) await lab.fault(name).arm()
    const dials = names.map((name) => dial(portOf(lab, name)))
    await until(() => names.every((name) => inState(portOf(lab, name), SYN_SENT) === 1))
    for (const socket of open) {
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      const [answer] = await once(socket, 'data')
      t.match(String(answer), /^HTTP\/1.1 200 OK/)
      socket.destroy()
    }
    for (const { socket } of dials) socket.destroy()
  })
})

t.test('unreachable: the dialler is told at once, and no packet leaves', async (t) => {
  await withRig(lone({}, {}, [onConnect('unreachable')]), async (lab) => {
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 502)
    t.equal(lab.fault('f').fired, 1)
    const [forward] = forwardsIn(lab.journal)
    t.match(forward!.failure, { type: 'destination_ip_unroutable', stage: 'connect', manner: 'unroutable' })
    t.equal(forward!.tries[0]!.local, undefined, 'the kernel never gave it an end of its own')
    t.equal(await dial(portOf(lab, 'app')).how, 'ECONNREFUSED', 'whom we do not dial for gets no further either')
    await lab.fault('f').disarm()
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 200)
  })
})

t.test('from one state into another, without a moment of being open', async (t) => {
  const faults = [onConnect('refuse', { id: 'rst' }), onConnect('blackhole', { id: 'drop' })]
  await withRig(lone({}, {}, faults), async (lab) => {
    const port = portOf(lab, 'app')
    t.equal(await dial(port).how, 'ECONNREFUSED', 'the first fault of the list')
    await lab.fault('rst').disarm()
    const hanging = dial(port)
    await until(() => inState(port, SYN_SENT) === 1)
    await lab.fault('rst').arm()
    t.equal(await dial(port).how, 'ECONNREFUSED')
    t.equal(await hanging.how, 'ECONNREFUSED', 'the next SYN of the one that hung is answered')
    t.equal(lab.facts.connections.get('app') ?? 0, 0)
  })
})

t.test('flapping: comes and goes, every dial that failed is counted, and none is caught in between', async (t) => {
  const flapping = onConnect('refuse', { flapping: { every: '10ms', share: '50%' } })
  const rig = lone({ response: { headers: { Connection: 'close' } } }, {}, [flapping])
  await withRig(rig, async (lab) => {
    let [answered, failed, turns] = [0, 0, 0]
    for (let last = 0; turns < 6; ) {
      const status = statusOf(await good(portOf(lab, 'lb')))
      if (status === 200) answered++
      else failed++
      if (last !== 0 && status !== last) turns++
      last = status
    }
    const refused = forwardsIn(lab.journal).filter(({ failure }) => failure?.type === 'connection_refused')
    t.strictSame([refused.length, lab.fault('f').fired], [failed, failed])
    t.ok(answered > 0)
  })
})

t.test('a black hole on every kind of hop', async (t) => {
  const hops = { app: { kind: 'origin' }, fw: { kind: 'waf', to: 'app' }, lb: { kind: 'proxy', to: ['fw'] } }
  for (const on of ['app', 'fw', 'lb']) {
    await withRig({ hops, faults: [{ ...onConnect('blackhole'), on }] } as never, async (lab) => {
      const { socket } = dial(portOf(lab, on))
      await until(() => inState(portOf(lab, on), SYN_SENT) === 1)
      t.equal(lab.fault('f').fired, on === 'lb' ? null : 0, 'of a stranger at the front door nobody can tell')
      socket.destroy()
      await lab.fault('f').disarm()
      t.equal(statusOf(await good(portOf(lab, 'lb'))), 200, on)
    })
  }
})

/** One origin that can be refused; `journal` is what it told. */
async function refusable() {
  const journal: JournalEvent[] = []
  const input = { id: 'one', title: 'one', hops: { app: { kind: 'origin' } }, faults: [onConnect('refuse')] }
  const site = await startSite(
    checkScenario(input, { runnable: false }),
    (event) => void journal.push(event),
    (message) => {
      throw new Error(message)
    },
  )
  return { journal, site }
}

t.test('an address that begins to turn behind the look of who dials is as it was seen', async (t) => {
  const { journal, site } = await refusable()
  t.teardown(() => site.scope.close())
  const { addressStates } = site
  let looks = 0
  const get: typeof addressStates.get = (place) => {
    const state = addressStates.get(place)
    return looks++ === 0 ? state : { fault: undefined, turning: Promise.resolve() }
  }
  const seen = { ...site, addressStates: { ...addressStates, get } }
  const books = openBooks(false)
  await new Promise<void>((resolve) =>
    dialHop(seen, targetOf(seen, 'test', { hop: 'app' }, {}), 60_000, books, () => resolve()),
  )
  t.match(books.ending, { by: 'error', code: 'ECONNREFUSED' })
  t.match(journal, [{ event: 'hop' }, { event: 'fault', fault: 'f' }])
})

t.test('a state that is wanted only while the last one is carried out waits for who dials as well', async (t) => {
  const { site } = await refusable()
  t.teardown(() => site.scope.close())
  const { plan, addressStates } = site
  const { port } = site.addressOf('app')
  const fault = plan.address('app', 0)
  let quiets = 0
  const { quiet } = addressStates
  addressStates.quiet = (place) => {
    quiets++
    return quiet(place)
  }
  plan.address = () => undefined
  await site.setArmed('f', true)
  t.same([await dial(port).how, quiets], ['connected', 1])

  let asked = 0
  plan.address = () => (asked++ === 0 ? undefined : fault)
  await site.setArmed('f', true)
  t.same([await dial(port).how, quiets], ['connected', 1], 'not yet')
  await site.setArmed('f', true)
  t.same([await dial(port).how, quiets], ['ECONNREFUSED', 2])
})

t.test('who dials holds an address until the SYN is answered, whatever keeps the thread from sending it', async (t) => {
  const { site } = await refusable()
  t.teardown(() => site.scope.close())
  const { hold, quiet } = site.addressStates
  let over = false
  const { sent, release } = hold('app')
  const waiting = quiet('app').then(() => {
    over = true
  })
  await new Promise((resolve) => setTimeout(resolve, 400))
  t.notOk(over, 'longer than a kernel takes to answer')
  sent()
  await waiting
  release()
  await quiet('app')
})

t.test('what turns while a state is carried out is carried out next', async (t) => {
  const plan = createFaultPlan([], chanceFrom(1))
  const scope = createScope()
  t.teardown(() => scope.close())
  const from: number[] = []
  plan.nextAddressChange = (_place, nowMs) => {
    from.push(nowMs)
    return undefined
  }
  const course = createCourse(plan, scope)
  let began = 0
  course.onAddressChange('app', async () => {
    began = course.now()
    await until(() => course.now() > began + 2)
  })
  await course.begin()
  t.equal(from.length, 1)
  t.ok(from[0]! <= began, 'asked from before')
})

/** Dials a port all the time from a thread of its own, as somebody who knows nothing of what its address is about to do. */
const stranger = (port: number): Worker =>
  new Worker(
    `const { parentPort, workerData: port } = require('node:worker_threads')
    const { connect } = require('node:net')
    const met = { ECONNRESET: 0, ECONNREFUSED: 0 }
    setInterval(() => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'))
      socket.on('error', ({ code }) => void met[code]++)
      socket.on('data', () => {})
    }, 1)
    parentPort.on('message', () => parentPort.postMessage(met))`,
    { eval: true, workerData: port },
  )

const TURNS = 20

t.test('refuse: of strangers hardly anybody is reset when it begins, however many connections there are', async (t) => {
  const rig = lone({ response: { headers: { Connection: 'close' } } }, {}, [onConnect('refuse')])
  await withRig(rig, async (lab) => {
    await lab.fault('f').disarm()
    const port = portOf(lab, 'app')
    // Each is kept for a minute by the kernel, whose table takes the longer to read.
    for (let n = 0; n < 1000; n++) await good(port)
    const worker = stranger(port)
    t.teardown(() => worker.terminate())
    for (let n = 0; n < TURNS; n++) {
      const before = lab.facts.connections.get('app') ?? 0
      await until(() => (lab.facts.connections.get('app') ?? 0) > before + 5)
      await lab.fault('f').arm()
      await lab.fault('f').disarm()
    }
    worker.postMessage('count')
    const [{ ECONNRESET: resets, ECONNREFUSED: refusals }] = await once(worker, 'message')
    t.ok(refusals > 0, 'it was met while it was refused')
    // A thread that stands still just then lets in some more; a look at all connections let in twenty each time.
    t.ok(resets < 5 * TURNS, `${resets} in ${TURNS} turns`)
  })
})
