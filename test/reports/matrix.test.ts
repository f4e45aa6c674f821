/** The reports of a matrix against golden files (GOLDEN=write makes them anew), with whatever an origin can get into a log. */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createColors } from 'picocolors'
import { test } from 'tap'
import type { Cell, Matrix } from '../../src/journal/matrix_result.js'
import { matrixReports } from '../../src/reports/matrix/index.js'
import { matrixLines } from '../../src/reports/matrix/text.js'
import { isDisputed, seenWords, shortLine } from '../../src/reports/matrix/words.js'

const cell = (more: Partial<Cell> = {}): Cell => ({
  status: 502,
  truncated: false,
  client_error: null,
  log: null,
  outcomes: [],
  ...more,
})
const none = { status: null }
const row = (id: string, tag: string, cells: Record<string, Cell>) => ({
  id,
  title: `The title of ${id}`,
  tags: [tag],
  hop: 'lb',
  client: 'plain',
  cells,
})

const ESCAPE = String.fromCharCode(27)

const LINE = 'it said "<b>|a\\|b|</b>" and `code`\x07, client: 127.0.0.1, server: lb'

const matrix: Matrix = {
  version: '0.1.0',
  versions: { mini: '0.1.0', nginx: '1.22.1' },
  date: '2026-01-02T03:04:05.678Z',
  seed: 7,
  duration_ms: 61_234,
  interrupted: true,
  rows: [
    row('refused', 'connect', { mini: cell({ log: 'connect() failed' }), nginx: cell({ log: 'connect() failed' }) }),
    row('garbage', 'response', {
      mini: cell({ log: LINE }),
      nginx: cell({
        ...none,
        client_error: 'http_protocol_error',
        log: LINE,
        notes: ['fail_timeout is <whole> seconds'],
      }),
    }),
    row('cut', 'response', {
      mini: cell({ status: 200, truncated: true }),
      nginx: cell({ ...none, skipped: 'it has no *queue*' }),
    }),
    row('silent', 'slow', {
      mini: cell({ ...none, verdict: 'inconclusive', reason: 'fault x never fired: nothing was shown' }),
      nginx: cell({ ...none, verdict: 'error', reason: 'it ended with exit code 1' }),
    }),
    row('interrupted', 'slow', { mini: cell({ ...none, client_error: 'gave_up' }) }),
  ],
}

for (const [format, { render }] of Object.entries(matrixReports)) {
  test(`${format}: golden`, async (t) => {
    const text = render(matrix)
    const file = resolve(`test/reports/golden/matrix.${format}`)
    if (process.env.GOLDEN === 'write') writeFileSync(file, text)
    t.equal(text, readFileSync(file, 'utf8'))
    t.notMatch(text, /[^\P{Cc}\n]/u, 'no control characters')
    t.ok(text.endsWith('\n') && !text.endsWith('\n\n'), 'ends with one line feed')
  })
}

test('html asks for nothing, and takes no log for a part of it', async (t) => {
  const text = matrixReports.html.render(matrix)
  t.notMatch(text, /<script|https?:|src=|<link|url\(/)
  t.notMatch(text, '<b>')
  t.match(text, '&lt;b&gt;|a\\|b|&lt;/b&gt;')
  t.match(text, /<th scope="col">nginx 1\.22\.1<\/th>/)
})

test('markdown: as many cells in every line of a table', async (t) => {
  const text = matrixReports.markdown.render(matrix)
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  t.equal(lines.length, 3 * 2 + 5)
  for (const line of lines) t.equal(line.match(/(?<!\\)\|/g)!.length, 4, line)
})

test('json is the matrix', async (t) => {
  t.same(JSON.parse(matrixReports.json.render(matrix)), matrix)
})

test('text: no line of a log is wider than the terminal, and colours change no other character', async (t) => {
  const narrow = matrixLines(matrix, undefined, 40)
  const details = narrow.slice(
    0,
    narrow.findIndex((line) => line.includes('mini 0.1.0')),
  )
  for (const line of details.filter((line) => line.startsWith('    '))) t.ok(line.length <= 40, line)
  t.ok(details.some((line) => line.endsWith('…')))
  const coloured = matrixLines(matrix, createColors(true)).join('\n')
  t.match(coloured, `${ESCAPE}[`)
  const bare = coloured.replace(new RegExp(`${ESCAPE}\\[\\d+m`, 'g'), '')
  t.equal(bare.replace(/ +$/gm, ''), matrixLines(matrix).join('\n'))
})

test('a line of JSON is told as a sentence, and what only looks like one as it is', async (t) => {
  const line = '{"level":"error","logger":"http.log.error","msg":"EOF","error":"why","status":502}'
  t.equal(shortLine(line), 'http.log.error: EOF: why')
  t.equal(shortLine('{ no JSON'), '{ no JSON')
})

test('disputed are answers only', async (t) => {
  t.same(
    matrix.rows.filter(isDisputed).map(({ id }) => id),
    ['garbage'],
  )
})

test('what a client saw, in a word or two', async (t) => {
  const table: [status: number | null, truncated: boolean, client_error: string | null, words: string][] = [
    [502, false, null, '502'],
    [200, true, null, '200 cut'],
    [null, false, 'http_protocol_error', 'not HTTP'],
    [101, false, 'connection_terminated', '101 closed'],
    [null, false, 'proxy_loop_detected', 'proxy_loop_detected'],
    [null, false, null, 'nothing'],
  ]
  for (const [status, truncated, client_error, words] of table) {
    t.equal(seenWords({ status, truncated, client_error }), words)
  }
})
