/** The states of an address, seen from whoever dials it and in the kernel's own table of connections. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import t from 'tap'
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
