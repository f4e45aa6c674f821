/** @fastify/http-proxy as its README shows it, but that nothing is sent twice. argv: origin port. Prints its port. */
import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const app = Fastify()
await app.register(httpProxy, { upstream: `http://127.0.0.1:${process.argv[2]}`, replyOptions: { retryMethods: [] } })
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(app.server.address().port)
