/**
 * The lines of a mini proxy's error log, in its dialect's words, as events of the journal. proxy.ts makes one for its hop
 * and tells it what happens; what is worth a line is for the dialect to say.
 */
import type { IncomingMessage } from 'node:http'
import type { Failure } from '../../core/failure.js'
import type { Dialect } from '../../dialects/dialect.js'
import { errorLogOf } from '../../dialects/index.js'
import type { LogContext, LogLine, TryEnd } from '../../dialects/log_line.js'
import type { Note } from '../reading.js'
import type { Site, Target } from '../site.js'
import { logContext } from './ledger.js'

/** Whose request it is about. */
export interface Client {
  readonly id: string
  readonly request: IncomingMessage
  /** It took no more of the response. */
  readonly stalled: boolean
}

export interface ErrorLogging {
  failed(downstream: Client, failure: Failure, target: Target | undefined): void
  ended(downstream: Client, failure: Failure, target: Target | undefined): void
  noted(downstream: Client, note: Note, target: Target): void
  excluded(downstream: Client, target: Target, by: TryEnd): void
  limited(downstream: Client, excess: number): void
  clientLeft(downstream: Client): void
}

export function createErrorLogging(site: Site, hop: string, dialect: Dialect): ErrorLogging {
  const words = errorLogOf(dialect)
  function write(
    { id, request }: Client,
    target: Target | undefined,
    say: (context: LogContext) => LogLine | readonly LogLine[] | undefined,
  ): void {
    if (!site.journaling) return
    for (const { level, message } of [say(logContext(hop, request, target)) ?? []].flat()) {
      site.journal({ event: 'log', t: site.now(), hop, request: id, level, line: message })
    }
  }
  return {
    failed: (downstream, failure, target) => write(downstream, target, (context) => words.failed?.(failure, context)),
    ended: (downstream, failure, target) => write(downstream, target, (context) => words.ended?.(failure, context)),
    noted: (downstream, { level, text, stage }, target) =>
      write(downstream, target, (context) => words.noted?.(level, text, stage, context)),
    excluded: (downstream, target, excludedBy) =>
      write(downstream, target, (context) =>
        words.excluded?.({ ...context, excludedMs: excludedMs(site, hop, target), excludedBy }),
      ),
    limited: (downstream, excess) => write(downstream, undefined, (context) => words.limited?.(excess, context)),
    clientLeft: (downstream) =>
      write(downstream, undefined, (context) =>
        downstream.stalled ? words.clientStalled?.(context) : words.clientLeft?.(context),
      ),
  }
}

/** As long as the hop excludes that server. */
function excludedMs({ scenario }: Site, hop: string, target: Target): number | undefined {
  const proxy = scenario.hops[hop]
  return proxy?.kind === 'proxy' ? proxy.to.find((edge) => edge.hop === target.hop)?.fail_timeout : undefined
}
