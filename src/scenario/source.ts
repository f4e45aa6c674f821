/**
 * The text of a scenario file, YAML or JSON, as plain values, with the line and column of each. parse.ts and files.ts
 * call it; it knows nothing of scenarios.
 */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLError,
  YAMLParseError,
} from 'yaml'
import { invariant } from '../lib/errors.js'
import type { Finding, Path } from './finding.js'

/** 1-based. */
export interface Place {
  line: number
  column: number
}

export interface Source {
  /** What the text says; undefined when it can't be read for sure. */
  readonly input: unknown
  /** What is wrong with the text itself. */
  readonly problems: readonly (Place & { message: string })[]
  /** Where a finding points to; for what is not there, the entry around it. */
  placeOf(finding: Pick<Finding, 'path' | 'at'>): Place
}

/** Deeper than any scenario; the recursion of the YAML library would exhaust the stack. */
const MAX_DEPTH = 100
/** How often an anchor may be repeated: an alias of aliases of aliases fills any memory. */
const MAX_ALIASES = 100

export function openSource(text: string): Source {
  const place = placesOf(text)
  const failed = (wrong: Wrong): Source => {
    const here = place(wrong.offset)
    return { input: undefined, problems: [{ ...here, message: wrong.message }], placeOf: () => here }
  }
  const tokens = tokensOf(text)
  if (!Array.isArray(tokens)) return failed(tokens)
  const document = documentOf(tokens, text)
  const problems = wrongTexts(document, text).map(({ offset, message }) => ({ ...place(offset), message }))
  const placeOf: Source['placeOf'] = ({ path, at }) => place(offsetOf(document, path, at))
  const protoKey = findProtoKey(document)
  if (protoKey) return failed(protoKey)
  if (document.errors.some(isFatal)) return { input: undefined, problems, placeOf }
  if (document.contents === null) return failed({ offset: 0, message: 'the file is empty: expected a scenario' })
  try {
    return { input: document.toJS({ maxAliasCount: MAX_ALIASES }), problems, placeOf }
  } catch {
    return failed(wrongAlias(document))
  }
}

interface Wrong {
  offset: number
  message: string
}

function placesOf(text: string): (offset: number) => Place {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) lines.addNewLine(end + 1)
  return (offset) => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
}

/** With the others the values are still sure enough to be checked. */
const isFatal = ({ code }: YAMLError): boolean => code !== 'MULTIPLE_DOCS'

/** What the YAML library found, and keys that are there twice. After an error that is fatal it only stumbles on. */
function wrongTexts(document: Document, text: string): Wrong[] {
  const { errors, warnings } = document
  const fatal = errors.findIndex(isFatal)
  const known = [...(fatal < 0 ? errors : errors.slice(0, fatal + 1)), ...warnings].map((error) =>
    wrongText(error, text),
  )
  const [end] = fatal < 0 ? [text.length] : errors[fatal]!.pos
  return [...known, ...repeatedKeys(document, text).filter(({ offset }) => offset < end)]
}

/** The library compares every key of a map with every other: 10,000 of them would take it 20 seconds. */
function repeatedKeys(document: Document, text: string): Wrong[] {
  const found: Wrong[] = []
  visit(document, {
    Map(_key, { items }) {
      const keys = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        const offset = startOf(key)
        const word = /^[^\s:]*/.exec(text.slice(offset, offset + 80))
        if (keys.has(key.value)) found.push({ offset, message: `the key ${word} is there twice` })
        keys.add(key.value)
      }
    },
  })
  return found
}

function wrongText({ code, pos: [offset, end], message }: YAMLError, text: string): Wrong {
  const own: Partial<Record<YAMLError['code'], string>> = {
    MULTIPLE_DOCS: 'a second document begins here: expected one scenario in a file',
    TAB_AS_INDENT: 'a tab in the indentation: expected spaces',
    TAG_RESOLVE_FAILED: `unknown tag ${text.slice(offset, end)}: expected a plain value`,
  }
  return { offset, message: own[code] ?? `not valid YAML: ${message}` }
}

/** The text in tokens; or where it goes deeper than MAX_DEPTH, found without recursion. */
function tokensOf(text: string): CST.Token[] | Wrong {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > MAX_DEPTH) {
      return { offset: parser.offset, message: `more than ${MAX_DEPTH} levels, one inside the other` }
    }
  }
  tokens.push(...parser.end())
  return tokens
}

/** The first document, as the library's own parseDocument makes it, of tokens that are there already. */
function documentOf(tokens: CST.Token[], text: string): Document.Parsed {
  const composer = new Composer({ prettyErrors: false, logLevel: 'error', uniqueKeys: false })
  const [document, second] = composer.compose(tokens, true, text.length)
  invariant(document, 'even an empty text is a document')
  if (second) {
    const [start, end] = second.range
    document.errors.push(new YAMLParseError([start, end], 'MULTIPLE_DOCS', 'a second document'))
  }
  return document
}

/** The alias for which a document has no values: one before its anchor, or the first when they repeat too much. */
function wrongAlias(document: Document): Wrong {
  const anchors = new Set<string>()
  let first: Wrong | undefined
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor)
        return undefined
      }
      const offset = startOf(node)
      first ??= { offset, message: `too many aliases: expected at most ${MAX_ALIASES} repeated values` }
      if (anchors.has(node.source)) return undefined
      first = { offset, message: `the alias *${node.source} has no anchor before it` }
      return visit.BREAK
    },
  })
  invariant(first, 'a document without aliases has no values')
  return first
}

/** JavaScript gives this key another meaning: objects made with it lose it without a word. */
function findProtoKey(document: Document): Wrong | undefined {
  let found: Wrong | undefined
  visit(document, {
    Pair(_key, { key }) {
      if (!isScalar(key) || key.value !== '__proto__') return undefined
      found = { offset: startOf(key), message: 'the key __proto__ is not possible' }
      return visit.BREAK
    },
  })
  return found
}

/** The offset of the value at that path or of its key; of the entry around it when it is not there. */
function offsetOf(document: Document, path: Path, at: 'value' | 'key'): number {
  let entry: Entry = { key: undefined, value: document.contents as Node | null }
  for (const step of path) {
    const next = entryIn(isAlias(entry.value) ? entry.value.resolve(document) : entry.value, step)
    if (!next) return startOf(entry.key ?? entry.value)
    entry = next
  }
  return startOf(at === 'key' ? (entry.key ?? entry.value) : (entry.value ?? entry.key))
}

interface Entry {
  key: Node | undefined
  value: Node | null
}

function entryIn(container: unknown, step: string | number): Entry | undefined {
  if (isSeq(container)) {
    const value = container.items[Number(step)]
    return value === undefined ? undefined : { key: undefined, value: value as Node }
  }
  if (!isMap(container)) return undefined
  // Of keys that are there twice the last one counts.
  const pair = container.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step))
  return pair && { key: pair.key as Node, value: pair.value as Node | null }
}

const startOf = (node: Node | null | undefined): number => node?.range?.[0] ?? 0
