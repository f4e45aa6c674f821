/**
 * What guides claim, as measured: shares of failed requests with and without a remedy in, a verdict and a section of
 * docs/claims.md out. .ci/claims.mjs runs the scenarios; nothing here knows what a figure ought to be.
 */

/** One side of a comparison, over all runs. */
export interface Arm {
  /** The condition, in words. */
  where: string
  /** Of each run, from 0 to 1: the requests that failed. */
  shares: readonly number[]
}

export type Effect = 'none left' | 'fewer' | 'no help'

/** What a remedy does: fewer are at most half as many in every run as there are without it in any. */
export function effectOf({ shares }: Arm, without: Arm): Effect {
  const most = Math.max(...shares)
  if (Math.min(...without.shares) === 0) return 'no help'
  if (most === 0) return 'none left'
  return most <= Math.min(...without.shares) / 2 ? 'fewer' : 'no help'
}

export interface Judged {
  verdict: 'holds' | 'holds only under conditions' | 'does not hold'
  /** In a sentence: under which conditions, and under which not. */
  text: string
}

export function judgeArms(arms: readonly Arm[], without: Arm): Judged {
  const thatDo = (wanted: Effect) => arms.filter((arm) => effectOf(arm, without) === wanted).map(({ where }) => where)
  const [all, part, none] = [thatDo('none left'), thatDo('fewer'), thatDo('no help')]
  if (none.length === arms.length) return { verdict: 'does not hold', text: 'Does not hold.' }
  if (all.length === arms.length) return { verdict: 'holds', text: 'Holds.' }
  const verdict = none.length === 0 ? 'holds' : 'holds only under conditions'
  const said = Object.entries({ [HOLDS]: all, [PARTLY]: part, [NOT]: none })
  const parts = said.flatMap(([lead, list]) => (list.length > 0 ? `${lead}: ${list.join('; ')}.` : []))
  return { verdict, text: parts.join(' ') }
}

const [HOLDS, PARTLY, NOT] = ['Holds with', 'In part with', 'Not with']

/** Who waits how long, in milliseconds, and how the requests of all runs ended. */
export interface Cell {
  client: number
  proxy: number
  origin: number
  /** The origin's own limit ends the work: nothing is answered. */
  ends: boolean
  /** Statuses, and `none` for a client that left without an answer. */
  outcomes: readonly string[]
}

/** By the least patient: the origin that is done in time answers, else there is an error of whoever gave up. */
export const expectedOutcome = ({ client, proxy, origin, ends }: Omit<Cell, 'outcomes'>): string => {
  const least = Math.min(client, proxy, origin)
  if (least === client) return 'none'
  if (least === proxy) return '504'
  return ends ? '502' : '200'
}

export function judgeGrid(cells: readonly Cell[]): Judged {
  const others = cells.filter((cell) => cell.outcomes.some((outcome) => outcome !== expectedOutcome(cell)))
  const all = `${cells.length} combinations`
  if (others.length > 0) {
    const text = `Does not hold: ${others.length} of ${all} ended otherwise than by who was least patient.`
    return { verdict: 'does not hold', text }
  }
  return { verdict: 'holds', text: `Holds: in all ${all} whoever is least patient decides how it ends.` }
}

export interface Default {
  product: string
  /** null: there is no limit. */
  seconds: number | null
}

export function judgeDefaults(said: number, defaults: readonly Default[]): Judged {
  const same = defaults.filter(({ seconds }) => seconds === said)
  const count = `${same.length} of these ${defaults.length}`
  if (same.length === defaults.length) return { verdict: 'holds', text: 'Holds.' }
  if (same.length === 0) return { verdict: 'does not hold', text: `Does not hold: none of these has ${said} s.` }
  const names = same.map(({ product }) => product).join(', ')
  return { verdict: 'holds only under conditions', text: `Holds only for ${count}: ${names}.` }
}

/** `31 % (28 to 35)`: the median, and the range where runs differ. */
export function shareText(shares: readonly number[]): string {
  const sorted = shares.map((share) => Math.round(share * 100)).toSorted((a, b) => a - b)
  const [low, high] = [sorted[0]!, sorted.at(-1)!]
  const middle = sorted[Math.floor(sorted.length / 2)]!
  return low === high ? `${middle} %` : `${middle} % (${low} to ${high})`
}

/** A page without what differs from run to run: figures, and how much a remedy helped where it did. */
export const skeletonOf = (page: string): string =>
  page
    .replace(/^(\| \*.*?\* \|).*$/gm, '$1 figures')
    .replace(/^(\| .*? \|).*(\| (?:yes|no) \|)$/gm, '$1 figures $2')
    .replace(/\d+ %(?: \(\d+ to \d+\))?/g, '# %')
    .replace(/\| (?:none left|fewer) \|/g, '| helps |')
    .replace(/^\*\*.*\*\*$/gm, (line) => verdictSkeleton(line.slice(2, -2)))
    .replace(/^\d+ runs? .*$/m, 'runs')
    .replace(/^## Measured elsewhere[\s\S]*/m, '')

function verdictSkeleton(text: string): string {
  const not = text.indexOf(`${NOT}: `)
  const helps = not < 0 ? text : text.slice(0, not)
  const list = helps.replace(`${HOLDS}: `, '').replace(`${PARTLY}: `, '')
  const conditions = list.split(/[;.] ?/).filter((one) => one !== '' && one !== 'Holds')
  return [conditions.toSorted().join('; '), not < 0 ? '' : text.slice(not)].join(' | ')
}
