/** One story for every runner: rigs side by side that share nothing, with faked timers or without. */
import { connect } from 'node:tls'
import { rig } from 'badgateway'

const hops = { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } }

/** Four rigs at once; each sees only its own requests and its own fault. */
export async function sideBySide(equal) {
  await Promise.all(
    [1, 2, 3, 4].map(async (first) => {
      const lab = await rig({ hops, faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset', first }] })
      try {
        const statuses = []
        for (let n = 0; n < 6; n++) statuses.push((await fetch(lab.url)).status)
        equal(statuses.filter((status) => status === 502).length, first)
        equal(lab.fault('rst').fired, first)
        equal(lab.attempts().length, 6)
      } finally {
        await lab.close()
      }
    }),
  )
}

/** A read timeout of the proxy and a valid certificate, while the suite's clock stands still in another year. */
export async function underFakedTimers(equal) {
  const lab = await rig({
    hops: {
      app: { kind: 'origin', tls: true },
      lb: { kind: 'proxy', to: ['app'], timeouts: { read: '50ms' }, tls: true },
    },
    faults: [{ id: 'silent', on: 'app', at: 'request_head', effect: 'stall', first: 1 }],
  })
  try {
    equal((await statusOf(lab)).slice(0, 12), 'HTTP/1.1 504')
    equal((await statusOf(lab)).slice(0, 12), 'HTTP/1.1 200')
    equal((await statusOf(lab)).slice(0, 12), 'HTTP/1.1 200')
    equal(
      lab.journal.some((event) => event.event === 'forward' && event.tries[0].reused),
      true,
    )
  } finally {
    await lab.close()
  }
}

/** By hand: a client's own timers would stand still too. */
function statusOf(lab) {
  return new Promise((resolve, reject) => {
    const { port } = new URL(lab.url)
    const socket = connect({ host: '127.0.0.1', port, servername: 'lb', ca: lab.ca }, () => {
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    })
    socket.once('data', (chunk) => {
      resolve(String(chunk))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
