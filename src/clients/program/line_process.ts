/**
 * One process of a program that answers lines: it is told of calls, and what it prints is taken for answers. lines.ts starts
 * it. It judges nothing.
 */
import { basename } from 'node:path'
import type { Answer, Call, RunningCall } from '../driver.js'
import { toldEnd } from './end.js'
import { type Group, startGroup } from './group.js'
import { abortLine, callLine, type Heard, heard } from './protocol.js'
import { lineSplitter, MOST_LINE_BYTES } from './splitter.js'
import { environment } from './telling.js'

/** What came of its start. */
export type First = Extract<Heard, { type: 'ready' | 'not-ready' }> | { type: 'ended'; how: string }

/** Of a line that says nothing to us. */
const BEGINNING = 80

const now = performance.now.bind(performance)

export class LineProcess {
  /** The program's. */
  readonly name: string
  /** Resolves when it says that it is ready, or ends. */
  readonly first: Promise<First>
  /** How it ended, where nobody asked it to. */
  end: string | undefined
  private readonly group: Group
  private begun!: (first: First) => void
  private readonly waiting = new Map<string, (answer: Omit<Answer, 'ms'>) => void>()
  /** The first of each sort of odd lines, and how many more there were. */
  private readonly odd = new Map<string, { told: string; more: number }>()
  private lastId = 0
  private closing = false

  constructor(program: string, args: readonly string[]) {
    this.name = basename(program)
    this.first = new Promise((resolve) => {
      this.begun = resolve
    })
    const feed = lineSplitter(
      (line) => this.hear(line),
      () =>
        this.note('long', `it printed more than ${MOST_LINE_BYTES} bytes without the end of a line: they are not read`),
    )
    this.group = startGroup(program, args, environment(process.env), feed)
    void this.group.ended.then((ended) => this.ended(toldEnd(this.name, ended)))
  }

  get isIdle(): boolean {
    return this.waiting.size === 0
  }

  get notes(): string[] {
    return [...this.odd.values()].map(({ told, more }) => (more === 0 ? told : `${told} (and ${more} more like it)`))
  }

  call(call: Call): RunningCall {
    const id = String(++this.lastId)
    const since = now()
    const answer = new Promise<Answer>((resolve) => {
      if (this.end !== undefined) return resolve({ ...gone(this.end), ms: 0 })
      this.waiting.set(id, (own) => resolve({ ...own, ms: now() - since }))
      this.group.tell(callLine(id, call))
    })
    return { answer, abort: () => this.waiting.has(id) && this.group.tell(abortLine(id)) }
  }

  /** What it still does is nobody's concern any more. */
  async close(): Promise<void> {
    this.closing = true
    this.group.kill()
    await this.group.ended
  }

  /** Told once of each sort. */
  note(sort: string, told: string): void {
    const before = this.odd.get(sort)
    if (before) before.more++
    else this.odd.set(sort, { told, more: 0 })
  }

  private hear(line: string): void {
    if (line.trim() === '') return
    const said = heard(line)
    const begins = JSON.stringify(line.slice(0, BEGINNING))
    switch (said.type) {
      case 'ready':
      case 'not-ready':
        return this.begun(said)
      case 'nothing':
        return this.note(said.why, `it printed a line that ${said.why}: ${begins}`)
      case 'answer': {
        const settle = this.waiting.get(said.id)
        if (!settle) return this.note('unknown', `it answered a call that nobody waits for: ${begins}`)
        this.waiting.delete(said.id)
        return settle(said.answer)
      }
    }
  }

  private ended(how: string): void {
    if (!this.closing) this.end = how
    this.begun({ type: 'ended', how })
    const answer = this.closing
      ? { error: { name: 'AbortError', message: `${this.name} was ended with the audit` } }
      : gone(how)
    for (const settle of this.waiting.values()) settle(answer)
    this.waiting.clear()
  }
}

const gone = (how: string): Omit<Answer, 'ms'> => ({
  error: { name: 'ClientGone', code: 'BADGATEWAY_CLIENT_GONE', message: how },
})
