/** What a comparison of answers has to know of a product: the shape of the files in products/. */
import type { DialectName } from '../../../src/dialects/index.js'
import type { LogEvent } from '../../../src/journal/events.js'
import type { ProxyName } from '../../../src/proxies/index.js'
import type { ProxyHop } from '../../../src/scenario/hops.js'

export interface Subject {
  name: ProxyName & DialectName
  /** As in a sentence. */
  title: string
  /** The one whose words are meant. */
  version: string
  /** Of the variations on its page. */
  seed: number
  /** Settings of the proxy hop while variations are played. */
  hop: object
  /** What it makes of the settings of a hop, where its rules are not those that the mini proxy follows unasked. */
  mini?: (hop: ProxyHop) => ProxyHop
  /** A line of its log without what is another one each time; undefined for one that is not compared. */
  said(event: LogEvent): string | undefined
  /** Causes in which moments decide which server is met, so that its name is not compared. */
  anyServer?: readonly string[]
  /** Why a row differs, by its name. A difference without a reason fails the test. */
  reasons: Readonly<Record<string, string>>
  page: {
    /** What the dialect does, and what of it the comparison shows. */
    opening: string
    compared: string
    causes: string
    variations: string
    /** What stands under the lists. */
    closing: string
  }
}
