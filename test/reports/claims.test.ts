/** Verdicts on claims, and the page that tells them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { gatewayMetrics } from '../../src/journal/gateway_facts.js'
import { metricTable } from '../../src/journal/metrics/index.js'
import {
  type Arm,
  effectOf,
  expectedOutcome,
  judgeArms,
  judgeDefaults,
  judgeGrid,
  shareText,
  skeletonOf,
} from '../../src/reports/claims.js'
import { readScenario } from '../../src/scenario/files.js'

const arm = (where: string, ...shares: number[]): Arm => ({ where, shares })
const without = arm('nothing', 0.3, 0.4, 0.5)

test('what a remedy does is told from every run', async (t) => {
  t.equal(effectOf(arm('a', 0, 0, 0), without), 'none left')
  t.equal(effectOf(arm('a', 0, 0.15, 0), without), 'fewer')
  t.equal(effectOf(arm('a', 0, 0.16, 0), without), 'no help', 'one run is enough')
  t.equal(effectOf(arm('a', 0.9, 0.9, 0.9), without), 'no help')
  t.equal(
    effectOf(arm('a', 0, 0, 0), arm('nothing', 0, 0.4)),
    'no help',
    'there was a run without errors to begin with',
  )
})

test('a claim holds, or under conditions, or not', async (t) => {
  const [good, bad] = [arm('a good day', 0), arm('a bad one', 0.4)]
  t.strictSame(judgeArms([good], without), { verdict: 'holds', text: 'Holds.' })
  t.strictSame(judgeArms([bad], without), { verdict: 'does not hold', text: 'Does not hold.' })
  t.strictSame(judgeArms([arm('luck', 0.1), bad, good], without), {
    verdict: 'holds only under conditions',
    text: 'Holds with: a good day. In part with: luck. Not with: a bad one.',
  })
  t.strictSame(judgeArms([arm('luck', 0.1)], without), { verdict: 'holds', text: 'In part with: luck.' })
})

test('a grid: the least patient decides', async (t) => {
  const cell = (client: number, proxy: number, origin: number, ends: boolean, outcomes: string[]) => ({
    ...{ client, proxy, origin, ends, outcomes },
  })
  const good = [
    cell(3, 2, 1, false, ['200']),
    cell(3, 2, 1, true, ['502']),
    cell(3, 1, 2, false, ['504']),
    cell(1, 2, 3, true, ['none']),
  ]
  for (const one of good) t.equal(expectedOutcome(one), one.outcomes[0])
  t.equal(judgeGrid(good).verdict, 'holds')
  const mixed = judgeGrid([...good, cell(3, 2, 1, false, ['200', '504'])])
  t.match(mixed, { verdict: 'does not hold', text: /1 of 5 combinations/ })
})

test('defaults', async (t) => {
  const products = [
    { product: 'a', seconds: 30 },
    { product: 'b', seconds: 60 },
    { product: 'c', seconds: null },
  ]
  t.match(judgeDefaults(30, products), {
    verdict: 'holds only under conditions',
    text: 'Holds only for 1 of these 3: a.',
  })
  t.equal(judgeDefaults(31, products).verdict, 'does not hold')
  t.equal(judgeDefaults(30, products.slice(0, 1)).verdict, 'holds')
})

test('shares as text, and a page without them', async (t) => {
  t.equal(shareText([0.334, 0.333]), '33 %')
  t.equal(shareText([0.5, 0.3, 0.4]), '40 % (30 to 50)')
  const page = (share: string, effect: string) => `| a | ${share} | ${effect} |`
  const same = skeletonOf(page('0 %', 'none left'))
  t.equal(skeletonOf(page('4 % (2 to 6)', 'fewer')), same)
  t.not(skeletonOf(page('40 %', 'no help')), same)
  const verdict = (...arms: Arm[]) => skeletonOf(`**${judgeArms(arms, without).text}**`)
  const [a, b] = [arm('a', 0), arm('b', 0.1)]
  t.equal(verdict(a, b, arm('c', 1)), verdict(arm('a', 0.1), arm('b', 0), arm('c', 1)), 'how much it helped')
  t.not(verdict(a, b), verdict(a, arm('b', 1)), 'that it did not')
})

interface Claim {
  claim: string
  scenario?: string
  without?: { client: string }
  with?: { client: string }[]
  facts?: { client: string; metric: string; of?: string }[]
  table?: { rows: Record<string, string>; columns: { metric: string }[] }
  /** Shown by tests, and by this scenario. */
  tests?: string[]
  lesson?: string
}
const claims = parse(readFileSync('.ci/claims.yaml', 'utf8')) as Claim[]

test('every lesson measures a claim, and every claim names clients that are there', async (t) => {
  const measured = new Set(claims.flatMap(({ scenario, lesson }) => scenario ?? lesson ?? []))
  const lessons = readdirSync('scenarios/lessons').flatMap((name) => /^(.*)\.yaml$/.exec(name)?.[1] ?? [])
  t.strictSame([...measured].toSorted(), lessons.toSorted())
  for (const { claim, scenario, without, with: arms = [], facts = [], table } of claims) {
    if (!scenario) continue
    const { clients } = await readScenario(`scenarios/lessons/${scenario}.yaml`)
    const named = [
      ...[...(without ? [without] : []), ...arms, ...facts].map(({ client }) => client),
      ...facts.flatMap(({ of }) => of ?? []),
      ...Object.keys(table?.rows ?? {}),
    ]
    const metrics = [...facts, ...(table?.columns ?? [])].map(({ metric }) => metric)
    t.strictSame(
      metrics.filter((metric) => !(metric in metricTable) && !(metric in gatewayMetrics)),
      [],
      claim,
    )
    t.strictSame(
      named.filter((name) => !(name in clients)),
      [],
      claim,
    )
  }
})

test('the page has a section for each claim, and links that lead somewhere', async (t) => {
  const page = readFileSync('docs/claims.md', 'utf8')
  const titles = [...page.matchAll(/^(?:## |- )(.+?)(?: Scenario:.*)?$/gm)].map(([, title]) => title)
  const shown = claims.toSorted((a, b) => Number(Boolean(a.tests)) - Number(Boolean(b.tests)))
  t.strictSame(
    titles.filter((title) => title !== 'Measured elsewhere'),
    shown.map(({ claim }) => claim),
  )
  for (const [, link] of page.matchAll(/\]\((?!https:)([^)]+)\)/g)) t.ok(existsSync(`docs/${link}`), String(link))
})
