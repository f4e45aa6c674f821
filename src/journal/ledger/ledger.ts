/**
 * The book of every logical request: what clients, proxies and origins tell of it is brought together by its id. The
 * reducer feeds it; what is settled goes to the metrics and is forgotten but for its id, so it keeps only what is open.
 */
import type { AttemptEvent, JournalEvent, OperationEvent } from '../events.js'
import { type Account, ended, openAccount, passed, seen, throughOf, told } from './account.js'
import { createJudge, type Judge, mayHaveReached } from './agreement.js'
import { createIds } from './ids.js'
import { type Addresses, createAddresses, type Ways } from './ways.js'

/** More requests than any run keeps open: beyond it nothing could be counted, and the run is an error. */
export const OPEN_LIMIT = 1_000_000

export interface Ledger {
  add(event: JournalEvent): void
  /** What is not settled yet. */
  open(): Iterable<Account>
  /** The first request of which the counts do not agree, and how many more; nothing without ways. */
  disagreements(): string[]
}

/** @param onSettled hears of each account once, when everything of it is known */
export function createLedger(onSettled: (account: Account) => void, ways?: Ways, limit = OPEN_LIMIT): Ledger {
  return new Books(onSettled, ways, limit)
}

class Books implements Ledger {
  private readonly accounts = new Map<string, Account>()
  private readonly settled = createIds()
  private readonly addresses: Addresses | undefined
  private readonly judge: Judge | undefined
  /** By request, the first hundred of them. */
  private readonly wrong = new Map<string, string>()
  private full: string | undefined

  constructor(
    private readonly onSettled: (account: Account) => void,
    private readonly ways: Ways | undefined,
    private readonly limit: number,
  ) {
    this.addresses = ways && createAddresses(ways)
    this.judge = ways && createJudge(ways, this.addresses!)
  }

  add(event: JournalEvent): void {
    switch (event.event) {
      case 'attempt':
        return this.attempt(event)
      case 'request':
        return this.within(event.request, event, (account) => {
          if (account.ended) return this.reused(event.request)
          account.client = event.client
          account.ended = ended(event)
        })
      case 'served':
        if (event.health) return this.asked(event.request, event.hop)
        if (event.background || event.request === '') return
        return this.within(event.request, event, (account) => {
          account.served.push(seen(event))
          this.saw(account, event.hop)
        })
      case 'forward':
        if (event.health) return this.asked(event.request, event.hop)
        // What is sent within a tunnel its carrier can't tell.
        if (event.background || event.request === '' || event.method === 'CONNECT') return
        return this.within(event.request, event, (account) => {
          if (event.tries.length > 0) account.passed.push(passed(event))
          account.exits.push(...throughOf(event))
          this.saw(account, event.hop)
          for (const one of event.tries) this.sent(account, one)
        })
      case 'operation':
        return this.operation(event)
      case 'waf':
        // Where a firewall stopped it, nobody behind has to have read it.
        if (event.action === 'pass' || !event.request) return
        return this.asked(event.request, event.hop)
      case 'hop':
        return this.addresses?.heard(event)
      case 'exit':
        return this.excuse(event.hop)
      case 'fault':
        if (event.effect === 'send' && BEFORE_READING.has(event.at)) this.excuse(event.hop)
    }
  }

  open(): Iterable<Account> {
    return this.accounts.values()
  }

  disagreements(): string[] {
    const { judge } = this
    if (!judge) return []
    if (this.full) return [this.full]
    const found = new Map(this.wrong)
    for (const account of this.accounts.values()) {
      const sentence = found.has(account.id) ? undefined : judge.disagreement(account)
      if (sentence !== undefined) found.set(account.id, sentence)
    }
    const [first] = found.values()
    return found.size > 1 ? [`${first} (and ${found.size - 1} more such)`] : [...found.values()]
  }

  private attempt(event: AttemptEvent): void {
    this.within(event.request, event, (account) => {
      account.client = event.client
      account.attempts.push(told(event))
      const { exit, decision, cancelled } = event
      if (exit !== undefined) account.exits.push({ exit, ok: decision === 'success' && !cancelled, by: 'client' })
      // What one sends under other ids is found nowhere.
      if (this.ways?.clients[event.client]?.tells) this.sent(account, event, this.tunnelEndOf(event))
    })
  }

  /**
   * It asked for the health page, or it was a check that a client made under the id of its request, or a firewall stopped
   * it: it may be an attempt that was read, and need not be one.
   */
  private asked(id: string, hop: string): void {
    if (!this.judge?.isToldByClient(id) || this.settled.has(id)) return
    const account = this.accountOf(id, false)
    const reader = this.addresses!.readerOf(hop)
    if (account && reader >= 0) account.asked[reader] = (account.asked[reader] ?? 0) + 1
  }

  private operation({ request, applied }: OperationEvent): void {
    const account = request === '' ? undefined : this.accountOf(request, false)
    if (!account) return
    account.operations ??= { applied: 0, again: 0 }
    if (applied > 0) account.operations.applied++
    if (applied > 1) account.operations.again++
  }

  /** Enters it into the account of that request, and closes that if it was the last of it. */
  private within(id: string, event: JournalEvent, enter: (account: Account) => void): void {
    const account = this.accountOf(id, event.event === 'attempt' || event.event === 'request')
    if (!account) return
    enter(account)
    if (!this.judge?.isSettled(account)) return
    this.accounts.delete(id)
    if (account.client === undefined) return
    this.settled.add(id)
    this.onSettled(account)
  }

  private accountOf(id: string, byClient: boolean): Account | undefined {
    const known = this.accounts.get(id)
    if (known) return known
    if (this.settled.has(id)) {
      if (byClient) this.reused(id)
      else this.complain(id, `request "${id}" was read again after all of it was told`)
      return undefined
    }
    if (this.accounts.size >= this.limit) {
      this.full = `more than ${this.limit} requests are not accounted for: lower the load`
      return undefined
    }
    const account = openAccount(id)
    this.accounts.set(id, account)
    return account
  }

  private saw(account: Account, hop: string): void {
    const reader = this.addresses?.numberOf(hop) ?? -1
    if (reader >= 0) account.seen[reader] = (account.seen[reader] ?? 0) + 1
  }

  /** Undefined: it went straight to an address. */
  private tunnelEndOf({ client, tunnelled }: AttemptEvent): number | undefined {
    if (!tunnelled) return undefined
    return this.addresses?.numberOf(this.ways?.clients[client]?.behindTunnel ?? '') ?? -1
  }

  private sent(account: Account, sent: Parameters<typeof mayHaveReached>[0], tunnelEnd?: number): void {
    const reader = tunnelEnd ?? this.addresses?.readerAt(sent.address) ?? -1
    if (reader < 0 || !mayHaveReached(sent)) return
    account.high[reader] = (account.high[reader] ?? 0) + 1
    if (sent.status !== undefined) account.low[reader] = (account.low[reader] ?? 0) + 1
  }

  private excuse(hop: string): void {
    const reader = this.addresses?.readerOf(hop) ?? -1
    if (reader >= 0) this.judge!.excuse(reader)
  }

  /** It says more than what follows from it. */
  private reused(id: string): void {
    this.wrong.delete(id)
    this.complain(id, `request id "${id}" reused`)
  }

  private complain(id: string, sentence: string): void {
    if (!this.wrong.has(id) && this.wrong.size < 100) this.wrong.set(id, sentence)
  }
}

/** Bytes that are sent then answer whatever request comes, read or not. */
const BEFORE_READING: ReadonlySet<string> = new Set(['accept', 'client_hello', 'handshake', 'idle'])
