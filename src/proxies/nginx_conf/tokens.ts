/**
 * The text of an nginx configuration as a tree of directives, each with its place. read.ts calls it; it knows the
 * grammar (ngx_conf_read_token of 1.22.1) and no directive. Of the libraries on npm none would do: nginx-conf and
 * prettier-plugin-nginx keep no places, nginx-linter does but stands on pegjs, which nobody keeps since 2016, and ends
 * at the first error; here all problems are told at once, and the rewriting needs the offset of every word.
 */

export interface ConfSource {
  /** As the user named it; undefined for text of a program. */
  file: string | undefined
  text: string
}

export interface Word {
  /** Without its quotes and escapes. */
  text: string
  /** Offsets in the text, the quotes included. */
  start: number
  end: number
}

export interface Directive {
  source: ConfSource
  name: string
  args: readonly Word[]
  /** Offset of the name. */
  start: number
  /** The offset behind `;`, `{` or what stands in their place. */
  end: number
  block: readonly Directive[] | undefined
}

export interface ConfProblem {
  source: ConfSource
  offset: number
  message: string
}

/** Deeper than any configuration. */
const MAX_DEPTH = 50

/** @param isName whether a word at the start of a line is a directive: then a semicolon is missing before it */
export function parseConf(
  source: ConfSource,
  isName: (word: string) => boolean,
): { directives: readonly Directive[]; problems: readonly ConfProblem[] } {
  const parser = new Parser(source, isName)
  return { directives: parser.parse(), problems: parser.problems }
}

class Parser {
  readonly problems: ConfProblem[] = []
  private at = 0
  private gaveUp = false

  constructor(
    private readonly source: ConfSource,
    private readonly isName: (word: string) => boolean,
  ) {}

  parse(): Directive[] {
    const all: Directive[] = []
    for (;;) {
      all.push(...this.blockContent(0))
      if (this.at >= this.source.text.length) return all
      this.problem(this.at, 'unexpected "}": no block is open here')
      this.at++
    }
  }

  /** Up to the closing brace, which is left there, or the end of the text. */
  private blockContent(depth: number): Directive[] {
    const found: Directive[] = []
    for (;;) {
      this.skipSpace()
      const { text } = this.source
      if (this.at >= text.length || text[this.at] === '}') return found
      const directive = this.directive(depth)
      if (directive) found.push(directive)
    }
  }

  private directive(depth: number): Directive | undefined {
    const { text } = this.source
    if (text[this.at] === ';' || text[this.at] === '{') {
      this.problem(this.at, `unexpected "${text[this.at]}": expected a directive`)
      this.at++
      return undefined
    }
    const words: Word[] = []
    for (;;) {
      const lineEnded = this.skipSpace()
      const character = text[this.at]
      const last = words.at(-1)
      if (character === ';' || character === '{') {
        const end = ++this.at
        return this.finish(words, end, character === '{' ? this.block(words, depth) : undefined)
      }
      if (last && (character === undefined || character === '}')) {
        this.missingSemicolon(words, last)
        return this.finish(words, last.end, undefined)
      }
      const before = this.at
      const word = this.word()
      if (!word) return last && this.finish(words, last.end, undefined)
      if (last && words.length > 1 && lineEnded && this.isName(word.text)) {
        this.missingSemicolon(words, last)
        this.at = before
        return this.finish(words, last.end, undefined)
      }
      words.push(word)
    }
  }

  private finish([name, ...args]: readonly Word[], end: number, block: Directive['block']): Directive {
    return { source: this.source, name: name!.text, args, start: name!.start, end, block }
  }

  private block(words: readonly Word[], depth: number): Directive[] {
    const { text } = this.source
    if (depth >= MAX_DEPTH) {
      this.problem(words[0]!.start, `more than ${MAX_DEPTH} blocks, one inside the other`)
      this.gaveUp = true
      this.at = text.length
    }
    const inside = this.blockContent(depth + 1)
    if (text[this.at] === '}') this.at++
    else if (!this.gaveUp) {
      const name = words.map((word) => word.text).join(' ')
      this.problem(words[0]!.start, `the block "${name}" that begins here has no closing "}"`)
    }
    return inside
  }

  private missingSemicolon(words: readonly Word[], last: Word): void {
    this.problem(last.end, `missing ";" after "${words.map(({ text }) => text).join(' ')}"`)
  }

  /** Spaces and comments. True: a line ended. */
  private skipSpace(): boolean {
    const { text } = this.source
    let lineEnded = false
    for (; this.at < text.length; this.at++) {
      const character = text[this.at]!
      if (character === '#') {
        const end = text.indexOf('\n', this.at)
        this.at = end < 0 ? text.length : end
        if (end < 0) return lineEnded
      } else if (!SPACE.test(character)) break
      lineEnded ||= text[this.at] === '\n'
    }
    return lineEnded
  }

  private word(): Word | undefined {
    const quote = this.source.text[this.at]
    return quote === '"' || quote === "'" ? this.quoted(quote) : this.bare()
  }

  private quoted(quote: string): Word | undefined {
    const { text } = this.source
    const start = this.at
    let end = start + 1
    while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1
    if (end >= text.length) {
      this.problem(start, `the quote that begins here (${quote}) is not closed`)
      this.at = text.length
      return undefined
    }
    this.at = end + 1
    const next = text[this.at]
    if (next !== undefined && !/[\s;{)]/.test(next)) {
      this.problem(this.at, `unexpected "${next}" behind a quote: expected a space, ";" or "{"`)
    }
    return { text: unescaped(text.slice(start + 1, end)), start, end: end + 1 }
  }

  private bare(): Word {
    const { text } = this.source
    const start = this.at
    let end = start
    while (end < text.length) {
      const character = text[end]!
      if (SPACE.test(character) || character === ';') break
      // ${name} is no block.
      if (character === '{' && text[end - 1] !== '$') break
      end += character === '\\' ? 2 : 1
    }
    this.at = Math.min(end, text.length)
    return { text: unescaped(text.slice(start, this.at)), start, end: this.at }
  }

  private problem(offset: number, message: string): void {
    this.problems.push({ source: this.source, offset, message })
  }
}

const SPACE = /[ \t\r\n]/

const unescaped = (text: string): string =>
  text.replace(/\\(["'\\trn])/g, (_whole, character: string) => ESCAPES[character] ?? character)

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' }

/** 1-based. */
export function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
