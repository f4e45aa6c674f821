/**
 * The decisions of one firewall: which rule or ban acts on a connection or a request, if any. It holds what they have
 * counted; the time is an argument. live/waf/ asks it and carries out.
 */
import type { Action } from './actions.js'
import { type Ban, Bans } from './bans.js'
import { Counters, holds, type ProfileHashes } from './conditions.js'
import { type BanScope, type BansConfig, needsRequest, type Rule } from './rule.js'
import type { Visit } from './visit.js'

export interface Decision {
  /** The rule that matched, or the one that led to the ban. */
  rule: string
  action: Action
  /** A ban decided, of that scope. */
  banned?: BanScope
  /** The ban that begins with it. */
  ban?: Ban
}

export interface GuardConfig {
  rules: readonly Rule[]
  bans?: BansConfig | undefined
}

type Moment = 'connection' | 'request'

export class Guard {
  private readonly rules: readonly { rule: Rule; atRequest: boolean; counters: Counters }[]
  private readonly bans: Bans | undefined

  /** @param readsRequests who is let in is looked at again with every request */
  constructor(
    private readonly config: GuardConfig,
    private readonly profiles: ProfileHashes,
    private readonly readsRequests: boolean,
  ) {
    this.rules = config.rules.map((rule) => ({
      rule,
      atRequest: needsRequest(rule),
      counters: new Counters(rule.when),
    }))
    this.bans = config.bans && new Bans(config.bans)
  }

  /** Once for each connection, when it has begun to speak and before any handshake. */
  atConnection(visit: Visit, nowMs: number): Decision | undefined {
    const decision = this.decide('connection', visit, nowMs)
    // It is told of when its requests come.
    return decision?.action.type === 'pass' && this.readsRequests ? undefined : decision
  }

  atRequest(visit: Visit, nowMs: number): Decision | undefined {
    return this.decide('request', visit, nowMs)
  }

  private decide(moment: Moment, visit: Visit, nowMs: number): Decision | undefined {
    const rule = this.firstMatch(moment, visit, nowMs)
    if (rule?.action.type === 'pass') return { rule: rule.id, action: rule.action }
    const covering = this.canBan(moment) ? this.bans?.covering(visit, nowMs) : undefined
    const decided = covering?.rule ?? rule?.id
    if (decided === undefined) return undefined
    const ban = this.bans?.hit(visit, decided, nowMs)
    const action = covering ? this.config.bans!.action : rule!.action
    return { rule: decided, action, ...(covering && { banned: covering.scope }), ...(ban && { ban }) }
  }

  /** At a connection, unless it needs a request; an alert is for connections alone. */
  private canBan(moment: Moment): boolean {
    const action = this.config.bans?.action
    if (!action) return false
    return moment === 'connection' ? !needsRequest({ ...NO_RULE, action }) : action.type !== 'alert'
  }

  private firstMatch(moment: Moment, visit: Visit, nowMs: number): Rule | undefined {
    for (const { rule, atRequest, counters } of this.rules) {
      if (nowMs < rule.from || (rule.until !== undefined && nowMs >= rule.until)) continue
      if (moment === 'connection' ? atRequest : isOfConnections(rule)) continue
      if (!holds(rule.when, visit, this.profiles)) continue
      if (rule.unless && holds(rule.unless, visit, this.profiles)) continue
      if (counters.areOver(visit, nowMs)) return rule
    }
    return undefined
  }
}

const NO_RULE = { id: '', when: {}, unless: undefined, from: 0, until: undefined } as const

/** It can't act, or must not count, once more with every request. */
const isOfConnections = (rule: Rule): boolean =>
  rule.action.type === 'alert' || (rule.when.rate?.of === 'connections' && !needsRequest(rule))
