/** A cell of a matrix in a few words, as its reports use them. */
import type { Cell, Matrix, MatrixRow, Seen } from '../../journal/matrix_result.js'

export type Mark = 'answer' | 'skipped' | 'inconclusive' | 'error' | 'missing'

/** What a cell is, before what is in it. */
export function markOf(cell: Cell | undefined): Mark {
  if (!cell) return 'missing'
  if (cell.skipped !== undefined) return 'skipped'
  return cell.verdict ?? 'answer'
}

const MARKS: Record<Exclude<Mark, 'answer'>, string> = { skipped: '–', inconclusive: '?', error: '!', missing: '' }

export const legend = '– could not run there, ? the cause did not show, ! broke off'

/** `502`, `200 cut`, `no answer: not HTTP`; for a cell that has no answer its mark. */
export function answerOf(cell: Cell | undefined): string {
  const mark = markOf(cell)
  return mark === 'answer' ? seenWords(cell!) : MARKS[mark]
}

/** What clients call what came in the place of an answer, shorter. */
const SHORT: Readonly<Record<string, string>> = {
  gave_up: 'client left',
  http_protocol_error: 'not HTTP',
  http_response_incomplete: 'cut',
  connection_refused: 'refused',
  connection_terminated: 'closed',
  connection_timeout: 'no connection',
  connection_read_timeout: 'silence',
  tls_protocol_error: 'TLS error',
}

export function seenWords({ status, truncated, client_error }: Omit<Seen, 'log'>): string {
  const error = client_error === null ? [] : [SHORT[client_error] ?? client_error]
  return [...(status === null ? [] : [String(status)]), ...(truncated ? ['cut'] : []), ...error].join(' ') || 'nothing'
}

/** Why a cell has no answer. */
export const reasonOf = (cell: Cell): string | undefined => cell.skipped ?? cell.reason

/** Products whose answers there are, and not all of them the same. */
export function isDisputed({ cells }: MatrixRow): boolean {
  const answers = Object.values(cells).filter((cell) => markOf(cell) === 'answer')
  return new Set(answers.map(answerOf)).size > 1
}

/**
 * Nothing that the log says of the client and its request, which is the rig's; and no character that a terminal or a page would
 * take for more than text: an origin can get whatever bytes it likes into a log.
 */
export const shortLine = (line: string): string =>
  (sentenceOf(line) ?? line)
    .replace(/, client: .*/s, '')
    .replace(/^127(\.\d+){3}:\d+ \[[^\]]*\] /, '')
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '\uFFFD')

/** Of a line that is JSON, as Caddy writes it: who says what, and why. */
function sentenceOf(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const { logger, msg, error } = JSON.parse(line)
    return [logger, msg, error].filter((part) => typeof part === 'string' && part !== '').join(': ')
  } catch {
    return undefined
  }
}

/** `nginx 1.22.1` */
export const columnOf = ({ versions }: Matrix, proxy: string): string => `${proxy} ${versions[proxy]}`

/** `105 causes, 4 proxies, 61 of them disputed` and with what it was made. */
export function summaryOf(matrix: Matrix): string {
  const { rows, versions, interrupted } = matrix
  const proxies = Object.keys(versions).length
  const cells = rows.flatMap((row) => Object.values(row.cells))
  const count = (mark: Mark): number => cells.filter((cell) => markOf(cell) === mark).length
  const counted = (['skipped', 'inconclusive', 'error'] as const).filter((mark) => count(mark) > 0)
  const words = { skipped: 'could not run there', inconclusive: 'inconclusive', error: 'broke off' }
  return [
    `${plural(rows.length, 'cause')} at ${proxies === 1 ? 'one proxy' : `${proxies} proxies`}`,
    ...(proxies > 1 ? [`different answers in ${rows.filter(isDisputed).length}`] : []),
    `${count('answer')} of ${plural(cells.length, 'cell')} with an answer`,
    ...counted.map((mark) => `${count(mark)} ${words[mark]}`),
    ...(interrupted ? ['interrupted before its end'] : []),
  ].join(', ')
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** `badgateway 0.1.0, 2026-01-02, seed 1, 61.2 s` */
export const madeOf = ({ version, date, seed, duration_ms }: Matrix): string =>
  `badgateway ${version}, ${date.slice(0, 10)}, seed ${seed}, ${(duration_ms / 1000).toFixed(0)} s`
