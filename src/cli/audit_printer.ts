/** What `badgateway audit` prints while it runs: rules in their order, however they end, and on a terminal how far it is. */
import pc from 'picocolors'
import { headLine, ruleLines, summary } from '../audit/reports/text.js'
import type { AuditResult, RuleResult } from '../audit/result.js'
import type { Subject } from '../clients/driver.js'
import { coloured } from './environment.js'

export interface AuditPrinter {
  /** @returns to be called with each result */
  begin(subject: Subject, rules: readonly string[]): (result: RuleResult) => void
  /** What was not printed yet, and the summary. */
  end(result: AuditResult): void
  /** The audit broke: its last line is gone. */
  stop(): void
}

/** @param quiet leaves out what passed or is not applicable */
export function createAuditPrinter(out: NodeJS.WriteStream, quiet: boolean): AuditPrinter {
  const colors = pc.createColors(coloured(out))
  const live = process.stderr.isTTY === true && !quiet
  let shown = 0
  let gap = ''
  let printed = 0
  let head = ''
  let waiting: string[] = []
  let ended = new Map<string, RuleResult>()
  const progress = (text: string): void => {
    if (live) process.stderr.write(`\r${' '.repeat(shown)}\r${text}`)
    shown = text.length
  }
  const print = (id: string): void => {
    const result = ended.get(id)
    if (!result || (quiet && (result.verdict === 'pass' || result.verdict === 'not_applicable'))) return
    if (printed++ === 0) out.write(head)
    out.write(`${ruleLines(result, colors)}\n`)
  }
  return {
    begin({ name: subject, versions, kind, timeScale: time_scale }, rules) {
      head = `${gap}${headLine({ subject, versions, kind, time_scale }, colors)}\n`
      printed = 0
      waiting = [...rules]
      ended = new Map()
      progress(`${subject}: 0/${rules.length} rules`)
      return (result) => {
        ended.set(result.rule, result)
        progress('')
        while (waiting.length > 0 && ended.has(waiting[0]!)) print(waiting.shift()!)
        if (ended.size < rules.length) progress(`${subject}: ${ended.size}/${rules.length} rules`)
      }
    },
    end(result) {
      progress('')
      for (const id of waiting) print(id)
      out.write(`${printed > 0 ? '\n' : gap}${summary(result, colors)}\n`)
      gap = quiet && printed === 0 ? '' : '\n'
    },
    stop: () => progress(''),
  }
}
