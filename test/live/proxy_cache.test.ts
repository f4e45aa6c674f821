/** The mini proxy's cache and its rate limit, on the wire. */
import t from 'tap'
import { dialed, exchange, good, type Peer, proxyTo, withRawOrigin } from './peers.js'

const counting = (more = '') => {
  let count = 0
  return async (peer: Peer) => {
    await peer.until('\r\n\r\n')
    const body = `answer ${++count}`
    peer.send(`HTTP/1.1 200 Fine\r\nConnection: close\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`)
    peer.socket.end()
  }
}
const HOUR = { cache: { ttl: '1h', stale_if_error: '1h' } } as const

t.test('the second request is answered from the cache, with its age', async (t) => {
  await withRawOrigin(
    counting(),
    async (proxy, origin) => {
      const first = await good(proxy.port)
      t.match(first, /^HTTP\/1\.1 200 Fine\r\n/)
      t.match(first, /\r\nCache-Status: lb; fwd=uri-miss; stored\r\n/)
      t.notMatch(first, /\r\nAge:/i)
      const second = await good(proxy.port)
      t.match(second, /^HTTP\/1\.1 200 Fine\r\n/)
      t.match(second, /\r\nAge: \d+\r\n/)
      t.match(second, /\r\nCache-Status: lb; hit; ttl=3\d{3}\r\n/)
      t.match(second, /\r\n\r\nanswer 1$/)
      t.match(await good(proxy.port, '/other'), /answer 2$/)
      t.equal(origin.connections.length, 2)
      t.same(
        proxy.forwards().map(({ cache, tries, status }) => [cache, tries.length, status]),
        [
          [undefined, 1, 200],
          ['hit', 0, 200],
          [undefined, 1, 200],
        ],
      )
    },
    HOUR,
  )
})

t.test('two lines of Cache-Control are one list', async (t) => {
  await withRawOrigin(
    counting('Cache-Control: max-age=60\r\nCache-Control: private\r\n'),
    async (proxy) => {
      t.match(await good(proxy.port), /Cache-Status: lb; fwd=uri-miss\r\n/)
      t.match(await good(proxy.port), /answer 2$/)
    },
    HOUR,
  )
})

t.test('a POST goes by, and what was kept of its target is forgotten', async (t) => {
  await withRawOrigin(
    counting(),
    async (proxy) => {
      await good(proxy.port)
      const peer = await dialed(proxy.port)
      peer.send('POST /good HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      await peer.ended()
      peer.socket.destroy()
      t.match(peer.received, /Cache-Status: lb; fwd=method\r\n/)
      t.match(peer.received, /answer 2$/)
      t.match(await good(proxy.port), /answer 3$/)
    },
    HOUR,
  )
})

t.test('a stale response stands in for a failure, an error of the server, and nothing else', async (t) => {
  const answers: Record<number, string> = {
    1: 'HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: max-age=0\r\nContent-Length: 4\r\n\r\ngood',
    2: '',
    3: 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad',
    4: 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngone',
  }
  const serve = async (peer: Peer, ordinal: number) => {
    await peer.until('\r\n\r\n')
    peer.send(answers[ordinal]!).socket.end()
  }
  await withRawOrigin(
    serve,
    async (proxy) => {
      t.match(await good(proxy.port), /Cache-Status: lb; fwd=uri-miss; stored\r\n[\s\S]*good$/)
      t.match(
        await good(proxy.port),
        /^HTTP\/1\.1 200 [\s\S]*lb; fwd=stale; ttl=-\d+; detail=stale-if-error\r\n[\s\S]*good$/,
      )
      t.match(await good(proxy.port), /^HTTP\/1\.1 200 [\s\S]*lb; fwd=stale; fwd-status=503; ttl=-\d+[\s\S]*good$/)
      t.match(await good(proxy.port), /^HTTP\/1\.1 404 [\s\S]*gone$/)
      const [, failed, unavailable] = proxy.forwards()
      t.match(failed, { cache: 'stale', status: 200, failure: undefined })
      t.equal(failed!.tries[0]!.failure!.type, 'connection_terminated', 'the try is in the journal')
      t.match(unavailable, { cache: 'stale', tries: [{ status: 503 }] })
    },
    HOUR,
  )
})

const KEEPS_ERRORS = { cache: { ttl: '1h', errors: { statuses: [502, 503], for: '1h' } } }

t.test(
  'an error of the server is kept where the proxy is told so, and its time is over for no other page',
  async (t) => {
    const bad = 'HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad'
    const serve = async (peer: Peer, ordinal: number) => {
      await peer.until('\r\n\r\n')
      peer
        .send(ordinal === 1 ? bad : 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngood')
        .socket.end()
    }
    await withRawOrigin(
      serve,
      async (proxy, origin) => {
        t.match(await good(proxy.port), /^HTTP\/1\.1 503 Busy\r\n[\s\S]*fwd=uri-miss; stored\r\n[\s\S]*bad$/)
        t.match(await good(proxy.port), /^HTTP\/1\.1 503 Busy\r\n[\s\S]*Age: \d+\r\n[\s\S]*lb; hit[\s\S]*bad$/)
        t.match(await good(proxy.port, '/other'), /^HTTP\/1\.1 200 [\s\S]*good$/)
        t.equal(origin.connections.length, 2)
      },
      KEEPS_ERRORS,
    )
  },
)

t.test('its own 502 is kept as well, worded for each request; nothing failed when it is answered again', async (t) => {
  const serve = async (peer: Peer, ordinal: number) => {
    await peer.until('\r\n\r\n')
    if (ordinal > 1) peer.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngood')
    peer.socket.end()
  }
  await withRawOrigin(
    serve,
    async (proxy, origin) => {
      t.match(await good(proxy.port), /^HTTP\/1\.1 502 [\s\S]*Cache-Status: lb; fwd=uri-miss; stored\r\n/)
      const again = await good(proxy.port)
      t.match(
        again,
        /^HTTP\/1\.1 502 [\s\S]*X-Request-Id: lb-2\r\n[\s\S]*Age: \d+\r\nCache-Status: lb; hit; ttl=\d+\r\n/,
      )
      t.equal(origin.connections.length, 1)
      const [first, hit] = proxy.forwards()
      t.match(first, { status: 502, failure: { type: 'connection_terminated' }, cache: undefined })
      t.match(hit, { status: 502, failure: undefined, cache: 'hit', tries: [] })
      t.match(
        await exchange(proxy.port, 'POST /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
        {
          received: /^HTTP\/1\.1 200 /,
        },
      )
    },
    KEEPS_ERRORS,
  )
})

t.test('without being told, the next request asks again', async (t) => {
  await withRawOrigin(
    async (peer) => {
      await peer.until('\r\n\r\n')
      peer.socket.end()
    },
    async (proxy, origin) => {
      for (let n = 0; n < 2; n++) t.match(await good(proxy.port), /^HTTP\/1\.1 502 [\s\S]*lb; fwd=uri-miss\r\n/)
      t.equal(origin.connections.length, 2)
    },
    HOUR,
  )
})

t.test('a response that is cut is not kept', async (t) => {
  const serve = async (peer: Peer, ordinal: number) => {
    await peer.until('\r\n\r\n')
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${ordinal === 1 ? 'par' : 'entire'}`).socket.end()
  }
  await withRawOrigin(
    serve,
    async (proxy) => {
      t.match(await good(proxy.port), /par$/)
      t.match(await good(proxy.port), /entire$/)
      t.match(await good(proxy.port), /hit[\s\S]*entire$/)
    },
    HOUR,
  )
})

t.test('requests beyond the rate are refused, and no server hears of them', async (t) => {
  await withRawOrigin(
    counting(),
    async (proxy, origin) => {
      t.match(await good(proxy.port), /answer 1$/)
      t.match(await good(proxy.port), /answer 2$/)
      const third = await good(proxy.port)
      t.match(third, /^HTTP\/1\.1 429 Too Many Requests\r\n/)
      t.match(third, /Proxy-Status: lb;error=http_request_denied;/)
      t.equal(origin.connections.length, 2)
      const [line] = proxy.journal.filter((event) => event.event === 'log')
      t.match(
        line?.line,
        /^limiting requests, excess: [12]\.\d{3} by zone "lb", client: 127\.0\.0\.1, server: lb, request: /,
      )
    },
    { rate_limit: { rate: '1/h', burst: 1 } },
  )
})

t.test('with the status that the configuration says', async (t) => {
  const proxy = await proxyTo([1], { rate_limit: { rate: '1/h', status: 503 } })
  await good(proxy.port)
  t.match(await good(proxy.port), /^HTTP\/1\.1 503 Service Unavailable\r\n/)
  await proxy.close()
})
