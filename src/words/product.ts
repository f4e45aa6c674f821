/** What a product says when something goes wrong, as data: the shape of one file of products/. explain.ts reads them. */
import type { Mishap } from './mishaps.js'

export interface Product {
  /** As people call it. */
  title: string
  /** Where its words and statuses were read, with the version. */
  source: string
  /** What to look at, where only a status is known. */
  next: string
  /**
   * What the client gets, by what went wrong. `cut` behind a status: it had been sent, and the response is cut. `none`:
   * the connection is closed without an answer. `accepted`: it does not mind.
   */
  statuses: Readonly<Record<string, readonly Mishap[]>>
  /** The likeliest reading first where a text has several. */
  words: readonly Word[]
  /** Its mark in a response: with that, a status is this product's. */
  mark?: RegExp
  /** A whole line of its log, taken apart; undefined for what is none. */
  takeApart?: (line: string) => Parts | undefined
}

export interface Word {
  /** As it is logged, answered or typed; `…` stands for what differs. */
  word: string
  /** Finds it in a text, where that takes more than the word itself. */
  pattern?: RegExp
  /** One or two sentences. */
  says: string
  mishaps: readonly Mishap[]
  /** Those of the catalogue that go before those of the mishaps; `only` leaves it at them. */
  causes?: readonly string[]
  only?: true
  /** What to look at next. */
  next: string
  /** Where it was read, if not where the product's words were. */
  source?: string
}

export interface Parts {
  status?: string | undefined
  /** Words of it; each is looked up. */
  words: readonly string[]
}

/** One entry of a product's words. */
export const word = (
  word: string,
  mishaps: readonly Mishap[],
  says: string,
  next: string,
  more: Partial<Word> = {},
): Word => ({ word, mishaps, says, next, ...more })
