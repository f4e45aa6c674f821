/** Metrics of exits: through which of a gateway's exits requests went, and what became of them there. */
import { type Counter, counter } from './counter.js'
import { type Ban, group, ratio } from './metric.js'

interface State {
  tries: Counter
  failed: Counter
}

const TOLD = 'where nobody tells of an exit'

export const exits = group({
  metrics: {
    tries_by_exit: {
      unit: 'counts',
      says: 'Tries by exit: those of gateways, and, where a gateway only carries a tunnel, the attempts in it',
    },
    failed_by_exit: { unit: 'counts', says: 'Of these, tries that brought no status below 400, or no whole response' },
    exits_used: { unit: 'count', says: 'Exits that were used' },
    exits_failing: {
      unit: 'count',
      better: 'lower',
      says: 'Of these, exits through which no try ended well',
    },
    busiest_exit_share: {
      unit: 'share',
      better: 'lower',
      says: 'Tries through the exit that had most of them / tries through exits',
      none: TOLD,
    },
    exits_banned: {
      unit: 'count',
      better: 'lower',
      says: 'Exits that were used and that a firewall has banned, alone or with their network',
    },
    bans: {
      unit: 'count',
      better: 'lower',
      says: 'Bans that firewalls began of exits that were used: of an address, its network, a fingerprint on it',
    },
    burn_rate: {
      unit: 'number',
      better: 'lower',
      says: 'Tries through exits that failed / exits that were used',
      none: TOLD,
      source: 'a provider of scraped data: blocks answered with 502 / active addresses',
    },
  },
  start: (): State => ({ tries: counter(), failed: counter() }),
  settled({ tries, failed }, { exits }) {
    // A gateway that tells of its tries knows better: the client hears of the last one.
    const byGateway = exits.some(({ by }) => by === 'gateway')
    for (const { exit, ok, by } of exits) {
      if (byGateway && by === 'client') continue
      tries.add(exit)
      if (!ok) failed.add(exit)
    }
  },
  values(state, { bans }) {
    const tries = state.tries.record()
    const failed = state.failed.record()
    const used = Object.keys(tries)
    const counts = Object.values(tries)
    const all = counts.reduce((sum, count) => sum + count, 0)
    const allFailed = Object.values(failed).reduce((sum, count) => sum + count, 0)
    return {
      tries_by_exit: tries,
      failed_by_exit: failed,
      exits_used: counts.length,
      exits_failing: Object.entries(failed).filter(([exit, count]) => count === tries[exit]).length,
      busiest_exit_share: ratio(Math.max(0, ...counts), all),
      exits_banned: used.filter((exit) => bans.some((ban) => isWhole(ban) && isOf(ban, exit))).length,
      bans: bans.filter((ban) => used.some((exit) => isOf(ban, exit))).length,
      burn_rate: ratio(allFailed, counts.length),
    }
  },
})

/** A fingerprint on an address is only a part of what comes from there. */
const isWhole = ({ scope }: Ban): boolean => scope !== 'fingerprint_on_address'

function isOf({ scope, key }: Ban, exit: string): boolean {
  if (scope === 'address') return key === exit
  if (scope === 'subnet') return key === `${exit.slice(0, exit.lastIndexOf('.'))}.0/24`
  return key.endsWith(` on ${exit}`)
}
