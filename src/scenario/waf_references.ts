/**
 * What no schema can say of a firewall: ids that two rules share, what it could never read, rules that are never there,
 * and bans that nothing leads to. references.ts calls it.
 */
import { needOf } from '../core/waf/actions.js'
import { httpKeys } from '../core/waf/rule.js'
import { suggestion } from '../lib/nearest.js'
import { parseDurationMs } from '../lib/units.js'
import { type Finding, type Path, wrongKey, wrongValue } from './finding.js'
import type { HopOutline, Reference, RuleOutline } from './outline.js'

export function findWafProblems(hops: readonly HopOutline[]): Finding[] {
  return hops
    .filter(({ kind }) => kind === 'waf')
    .flatMap((waf) => [
      ...waf.rules.flatMap((rule, index) => [...takenId(rule, waf.rules.slice(0, index)), ...neverThere(rule)]),
      ...(readsHttp(waf, hops) ? [] : unreadable(waf)),
      ...needless(waf),
    ])
}

/** A rule that the expectation names, of the firewall that it names beside. */
export function unknownRule({ name, path }: Reference, waf: HopOutline | undefined): Finding[] {
  const ids = waf?.rules.map(({ id }) => id)
  // A rule whose id can't be read may be the one that is meant.
  if (waf?.kind !== 'waf' || !ids || ids.includes(undefined) || ids.includes(name)) return []
  const hint = ids.length === 0 ? `"${waf.name}" has no rules` : suggestion(name, ids as string[])
  return [wrongValue(path, `unknown rule "${name}", ${hint}`)]
}

function takenId({ id, path }: RuleOutline, earlier: readonly RuleOutline[]): Finding[] {
  const first = id === undefined ? -1 : earlier.findIndex((rule) => rule.id === id)
  return first < 0 ? [] : [wrongValue([...path, 'id'], `the id "${id}" is taken by rules[${first}]`)]
}

function neverThere({ from = '0ms', until, path }: RuleOutline): Finding[] {
  const [begins, ends] = [from, until].map((text) => (text === undefined ? undefined : parseDurationMs(text)))
  if (begins === undefined || ends === undefined || begins < ends) return []
  return [wrongValue([...path, 'until'], `the rule is never there: from ${from} is not before until ${until}`)]
}

/** It ends TLS, or no TLS is spoken behind it; where that can't be told, it is not judged. */
function readsHttp(waf: HopOutline, hops: readonly HopOutline[], seen: readonly string[] = []): boolean {
  if (waf.tls) return true
  const next = hops.find(({ name }) => name === waf.to[0]?.name)
  if (!next || seen.includes(next.name)) return true
  return next.kind === 'waf' ? readsHttp(next, hops, [...seen, waf.name]) && !next.tls : !next.tls
}

function unreadable({ name, path: at, rules, bans }: HopOutline): Finding[] {
  const wrong = (where: Path, what: string) =>
    wrongKey(where, `${what}, and "${name}" passes TLS on unread: set tls: true in ${at.join('.')}, and it ends TLS`)
  const wrongAction = (where: Path, action: string | undefined) =>
    action !== undefined && needOf(action) === 'http' ? [wrong([...where, 'action'], `${action} answers HTTP`)] : []
  return [
    ...rules.flatMap(({ when, unless, action, path }) => [
      ...httpKeys(when).map((key) => wrong([...path, 'when', key], `"${key}" is told of HTTP`)),
      ...httpKeys(unless).map((key) => wrong([...path, 'unless', key], `"${key}" is told of HTTP`)),
      ...wrongAction(path, action),
    ]),
    ...wrongAction([...at, 'bans'], bans?.action),
  ]
}

const needless = ({ bans, rules, path }: HopOutline): Finding[] =>
  bans && rules.length === 0
    ? [wrongKey([...path, 'bans'], 'bans come of the hits of rules, and there are none: expected rules')]
    : []
