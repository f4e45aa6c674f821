/** The lines of a program and an audit: what each says, and what is said of those that say nothing. */
import t from 'tap'
import { abortLine, callLine, heard, lacksOf } from '../../../src/clients/program/protocol.js'

t.test('lines that a program prints', async (t) => {
  const cases: [line: string, says: object][] = [
    ['{"ready":true}', { type: 'ready', ready: { ready: true } }],
    [
      '{"ready":true,"name":"x","version":null,"can":["many"],"more":1}',
      { type: 'ready', ready: { ready: true, name: 'x', version: null, can: ['many'] } },
    ],
    ['{"id":"1"}', { type: 'answer', id: '1', answer: {} }],
    ['{"id":"1","status":200,"body":""}', { type: 'answer', id: '1', answer: { status: 200, body: '' } }],
    ['{"id":"1","status":null,"body":null,"error":null}', { type: 'answer', id: '1', answer: {} }],
    [
      '{"id":"1","error":{"name":"E","message":"m","code":7}}',
      { type: 'answer', id: '1', answer: { error: { name: 'E', message: 'm', code: '7' } } },
    ],
    [
      '{"id":"1","error":{"name":"E","message":"m"}}',
      { type: 'answer', id: '1', answer: { error: { name: 'E', message: 'm' } } },
    ],
    ['hello', { type: 'nothing', why: 'is no JSON object' }],
    ['null', { type: 'nothing', why: 'is no JSON object' }],
    ['7', { type: 'nothing', why: 'is no JSON object' }],
    ['[]', { type: 'nothing', why: 'has no "id" that is a string' }],
    ['{"status":200}', { type: 'nothing', why: 'has no "id" that is a string' }],
    ['{"id":1,"status":200}', { type: 'nothing', why: 'has no "id" that is a string' }],
  ]
  for (const [line, says] of cases) t.strictSame(heard(line), says, line)
})

t.test('an answer with mistakes answers with an error', async (t) => {
  const cases: [line: string, says: RegExp][] = [
    ['{"id":"1","status":"200"}', /status: .*expected number/],
    ['{"id":"1","status":2000}', /status: .*599/],
    ['{"id":"1","body":{}}', /body: .*expected string/],
    ['{"id":"1","error":"broken"}', /error: .*expected object/],
    ['{"id":"1","error":{"name":"E"}}', /error\.message: /],
  ]
  for (const [line, message] of cases) {
    t.match(heard(line), { type: 'answer', id: '1', answer: { error: { name: 'BadAnswer', message } } }, line)
  }
})

t.test('a program that says wrongly that it is ready is told all mistakes', async (t) => {
  t.match(heard('{"ready":true,"name":7,"can":["abrt"]}'), {
    type: 'not-ready',
    problems: [/^name: /, 'can.0: unknown ability "abrt", did you mean "abort"?'],
  })
  t.match(heard('{"ready":"yes"}'), { type: 'not-ready', problems: [/^ready: /] })
})

t.test('what it did not say that it can, it lacks', async (t) => {
  t.same(Object.keys(lacksOf({})).sort(), ['abort', 'body', 'form', 'many', 'methods', 'stream'])
  t.same(lacksOf({ can: ['body', 'many', 'methods'] }), {
    abort: 'it did not say that it can: "can": ["abort"]',
    stream: 'a line holds the whole of a body',
    form: 'a line holds a body as a text',
  })
})

t.test('lines that it is told', async (t) => {
  const call = { url: 'http://127.0.0.1:9/', method: 'GET', headers: { 'x-request-id': 'r' } }
  t.equal(callLine('7', call), `${JSON.stringify({ id: '7', ...call })}\n`)
  const more = { ...call, body: { type: 'text', text: 'a\nb' }, proxy: 'http://127.0.0.1:8' } as const
  t.equal(callLine('7', more), `${JSON.stringify({ id: '7', ...call, body: 'a\nb', proxy: more.proxy })}\n`)
  t.equal(abortLine('7'), '{"id":"7","abort":true}\n')
})
