/** Carries out what a rule of a firewall says, on the connection that it stops, with the effects of faults. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Effect } from '../../core/fault/effects/index.js'
import type { Action } from '../../core/waf/actions.js'
import type { HttpRequest } from '../../core/waf/visit.js'
import { InvariantError } from '../../lib/errors.js'
import { misbehave } from '../effects.js'
import { later } from '../later.js'
import { close, stall } from '../wire.js'

export interface Stopped {
  /** The TCP connection, and what carries the bytes. */
  raw: Socket
  stream: Socket
  /** What is to be answered; undefined before any handshake or request. */
  request: HttpRequest | undefined
  /** It takes effect now. */
  fired(): void
}

/** Any but `pass`: nothing goes on as usual behind it. */
export function carryOut(action: Action, stopped: Stopped): void {
  const { raw, stream, request, fired } = stopped
  if (raw.destroyed) return
  switch (action.type) {
    case 'respond':
    case 'challenge':
      fired()
      return answer(stream, action.type === 'respond' ? ownResponse(action) : challengePage(action), request)
    case 'tarpit':
      fired()
      stall(stream)
      return void later(raw, action.for, () =>
        request ? answer(stream, ownResponse({ status: action.status, headers: {} }), request) : close(stream),
      )
    default:
      misbehave({ raw, stream, fired, draw: noDraw, goOn: () => {}, over: () => {} }, effectOf(action))
  }
}

function effectOf(action: Action): Effect {
  switch (action.type) {
    case 'drop':
      return { type: 'stall' }
    case 'garbage':
      return { type: 'send', text: action.text, repeat: 1, end: 'close' }
    case 'reset':
    case 'close':
    case 'alert':
      return action
    default:
      throw new InvariantError(`action ${action.type} is no effect`)
  }
}

const noDraw = (): number => {
  throw new InvariantError('no action of a firewall is drawn')
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

type Respond = Extract<Action, { type: 'respond' }>

function ownResponse({
  status,
  headers,
  body,
  retry_after,
}: Pick<Respond, 'status' | 'headers'> & Partial<Pick<Respond, 'body' | 'retry_after'>>): Answer {
  const wait: Record<string, string> =
    retry_after === undefined ? {} : { 'Retry-After': String(Math.ceil(retry_after / 1000)) }
  return {
    status,
    headers: { 'Content-Type': 'text/plain', ...wait, ...headers },
    body: body ?? `${status} ${STATUS_CODES[status] ?? ''}\n`,
  }
}

const challengePage = ({ status, headers, cookie }: Extract<Action, { type: 'challenge' }>): Answer => ({
  status,
  headers: { 'Content-Type': 'text/html', 'Cache-Control': 'no-store', 'Set-Cookie': cookie, ...headers },
  body: `<!doctype html>
<title>Checking your browser</title>
<h1>Checking your browser</h1>
<p>This page asks for a script to run before you may go on.</p>
<script>document.cookie = ${JSON.stringify(cookie)}; location.reload()</script>
`,
})

/** It ends the connection: what else was sent is read and not answered. */
function answer(stream: Socket, { status, headers, body }: Answer, request: HttpRequest | undefined): void {
  const all = { ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`
  stream.write(request?.method === 'HEAD' ? head : head + body)
  close(stream)
}
