/** Unix sockets: what a peer reads there, which of the two refusals it gets, and that no file is left behind. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import t from 'tap'
import { type Rig, type RigInput, rig } from '../../src/rig.js'
import { MB, Peer, until, withRig } from './peers.js'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

const at = (...faults: object[]): RigInput =>
  ({
    hops: { app: { kind: 'origin', socket: true } },
    faults: faults.map((f) => ({ on: 'app', ...f }) as object),
  }) as RigInput

const pathOf = (lab: Rig): string => lab.urlOf('app').slice('unix:'.length)

function dial(lab: Rig): Promise<string | Socket> {
  const socket = connect({ path: pathOf(lab), allowHalfOpen: true })
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!))
  })
}

const dialled = async (lab: Rig): Promise<Peer> => new Peer((await dial(lab)) as Socket)

t.test('an origin answers there, and its folder goes away with it', async (t) => {
  let path = ''
  await withRig(at(), async (lab) => {
    t.match(lab.url, /^unix:\/.*\/app\.sock$/)
    path = pathOf(lab)
    const peer = (await dialled(lab)).send(GET)
    t.match(await peer.until('ok\n'), /^HTTP\/1\.1 200 OK\r\n/)
    peer.socket.destroy()
    t.ok(existsSync(path))
  })
  t.notOk(existsSync(dirname(path)))
})

t.test('refused with the file and without, and open again', async (t) => {
  const left = { id: 'left', at: 'connect', effect: 'refuse' }
  const gone = { id: 'gone', at: 'connect', effect: { type: 'refuse', socket_file: 'gone' } }
  await withRig(at(left, gone), async (lab) => {
    t.same([await dial(lab), existsSync(pathOf(lab))], ['ECONNREFUSED', true])
    await lab.fault('left').disarm()
    // From one refusal to another the address does not open in between: what was left stays.
    await lab.fault('gone').disarm()
    const open = await dialled(lab)
    open.socket.destroy()
    await lab.fault('gone').arm()
    t.same([await dial(lab), existsSync(pathOf(lab))], ['ENOENT', false])
    await lab.fault('gone').disarm()
    const again = (await dialled(lab)).send(GET)
    t.match(await again.until('ok\n'), 'HTTP/1.1 200')
    again.socket.destroy()
  })
})

t.test('a proxy asks there as nginx does', async (t) => {
  const input = {
    hops: { app: { kind: 'origin', socket: true }, lb: { kind: 'proxy', to: ['app'] } },
    faults: [{ id: 'f', on: 'app', at: 'connect', effect: { type: 'refuse', socket_file: 'gone' } }],
  } as RigInput
  await withRig(input, async (lab) => {
    const refused = await fetch(`${lab.url}/a?b`)
    t.equal(refused.status, 502)
    const path = pathOf(lab)
    t.match(refused.headers.get('proxy-status'), `next-hop="unix:${path}"`)
    const [log] = lab.journal.filter((event) => event.event === 'log')
    t.equal(log!.level, 'crit')
    const said = `connect() to unix:${path} failed (2: No such file or directory) while connecting to upstream, `
    t.ok(log!.line.startsWith(said), log!.line)
    t.match(log!.line, `upstream: "http://unix:${path}:/a?b"`)
    t.equal(lab.fault('f').fired, 1)
    await lab.fault('f').disarm()
    t.equal(await (await fetch(lab.url)).text(), 'ok\n')
  })
})

t.test('a crash leaves the file; an end where all was read, ECONNRESET where it was not', async (t) => {
  const crash = { id: 'f', at: 'request_head', effect: { type: 'crash', restart_after: '20ms' }, first: 2 }
  await withRig(at(crash), async (lab) => {
    const back = (times: number) => until(() => lab.journal.filter(({ event }) => event === 'hop').length === 1 + times)
    const read = (await dialled(lab)).send(GET)
    t.equal(await read.ended(), 'FIN')
    t.same([await dial(lab), existsSync(pathOf(lab))], ['ECONNREFUSED', true])
    read.socket.destroy()
    await back(1)
    const unread = (await dialled(lab)).send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${MB}\r\n\r\n`)
    unread.send('x'.repeat(MB))
    t.match(await unread.ended(), /^(RST|EPIPE)$/, 'by its read or by its write')
    unread.socket.destroy()
    await back(2)
    const third = (await dialled(lab)).send(GET)
    t.match(await third.until('ok\n'), 'HTTP/1.1 200', 'another process, behind the same path')
    third.socket.destroy()
    t.equal(lab.fault('f').fired, 2)
  })
})

t.test('no socket fits where paths are long', async (t) => {
  const before = process.env.TMPDIR
  process.env.TMPDIR = `/tmp/${'x'.repeat(20)}`
  try {
    const { mkdir, rm } = await import('node:fs/promises')
    await mkdir(process.env.TMPDIR, { recursive: true })
    const name = 'a'.repeat(80)
    await t.rejects(rig({ hops: { [name]: { kind: 'origin', socket: true } } }), {
      code: 'BADGATEWAY_CANNOT_RUN',
      message: /^The unix socket of hop "a+" would have a path of \d+ bytes, .* A kernel takes 107: set TMPDIR/,
    })
    await rm(process.env.TMPDIR, { recursive: true })
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
})

t.test('close: an end, and not a byte', async (t) => {
  await withRig(at({ id: 'f', at: 'request_head', effect: 'close' }), async (lab) => {
    const socket = (await dial(lab)) as Socket
    socket.end(GET)
    await once(socket.resume(), 'end')
    t.equal(socket.bytesRead, 0)
  })
})
