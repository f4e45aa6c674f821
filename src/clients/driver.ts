/**
 * What can be audited, and how it is asked: the words that drivers of libraries, the user's own module and any program
 * share. Knows no rig and no rule.
 */

/** A body as a caller has it: a text, a stream that can be read once, or a form. */
export interface CallBody {
  type: 'text' | 'stream' | 'form'
  text: string
}

/** What a caller wants, once: as much as `fetch` would be told. */
export interface Call {
  url: string
  method: string
  /** X-Request-Id, and what a rule adds. */
  headers: Readonly<Record<string, string>>
  body?: CallBody
  /** Through this gateway; only programs are told of one. */
  proxy?: string
}

/** How a call ended for the caller. */
export interface Answer {
  /**
   * Of the response that the caller was given; undefined where an error was thrown, and of a program that tells none: there
   * it is what the server answered last.
   */
  status?: number
  /** All that the caller could read of its body. */
  body?: string
  /** What was thrown: by the call, or by reading the body. */
  error?: { name: string; code?: string | undefined; message: string }
  /** What else is to be told of it, as a clause. */
  note?: string
  /** We ended it, since nobody waits for so long: its caller would be waiting still. */
  cut?: true
  /** From the call to its end, in milliseconds of the client's clock. */
  ms: number
}

/** A wait that the client asked for. */
export interface Delay {
  /** When, in milliseconds of the client's clock since it was started. */
  at: number
  /** How long, as asked: an overflow is told as it was. */
  ms: number
}

/** What a driver makes of a library: a response as the caller would see it, whatever the library calls it. */
export type Send = (
  url: string,
  init: {
    method: string
    headers: Record<string, string>
    /** A string, a ReadableStream, or a FormData. */
    body?: string | ReadableStream | FormData
    /** With a stream: `fetch` wants to be told. */
    duplex?: 'half'
    signal?: AbortSignal
  },
) => Promise<{ status: number; text(): Promise<string> }>

/** One library, as people use it: with its defaults, but for what the driver's `usage` says. */
export interface ClientDriver {
  /** One line for `list clients` and the docs. */
  readonly summary: string
  /** What it needs, the library itself first. */
  readonly packages: readonly string[]
  /** The few lines that people write, as the audit calls it. */
  readonly usage: string
  /** What it can't be asked for at all. */
  readonly lacks?: Lacks
  /**
   * How fast its clock runs unless the user says otherwise; 50 if absent. Waits of less than a second can't be told from
   * none on a clock that runs so fast, and waits of half an hour take too long.
   */
  readonly timeScale?: number
  /** @param load imports a package from where it was found */
  create(load: (name: string) => Promise<unknown>): Promise<Send>
}

/** Each with the reason, as a clause: rules that need it are not applicable. */
export interface Lacks {
  /** Aborting a call. */
  abort?: string
  /** Bodies at all. */
  body?: string
  /** Bodies that can be read once. */
  stream?: string
  form?: string
  /** Methods other than GET. */
  methods?: string
  /** More than one call at a time, or hundreds of them. */
  many?: string
}

/** Something that can be audited; nothing runs yet. */
export interface Subject {
  /** As the user named it. */
  readonly name: string
  readonly kind: 'library' | 'module' | 'command' | 'function'
  /** Of its packages, by name; of a program, what it says of itself. */
  readonly versions: Readonly<Record<string, string>>
  /** How many times as fast as the real one its clock runs. */
  readonly timeScale: number
  /** How many attempts of one call are waited for; a program is slow. */
  readonly mostAttempts: number
  readonly lacks: Lacks
  /** Its requests have no X-Request-Id: each of its calls is given a path of its own, and is known by that. */
  readonly knownByPath?: true
  /** What to tell a user when servers saw nothing of a call: how the client is told where to ask. */
  readonly unseen?: string
  /** @throws CannotRunError when it can't be loaded */
  start(): Promise<Running>
}

/** A subject that runs: one process, for one rule. */
export interface Running {
  /** Resolves when the caller has its answer; never rejects because of what the client does. */
  call(call: Call): RunningCall
  /** Every delay that was asked for until now; undefined where nobody can tell, as of a program. */
  delays(): readonly Delay[] | undefined
  /** What the client's clock shows now, in milliseconds since 1970. */
  now(): number
  /** What it has open at this moment; undefined where nobody can tell. */
  state(): Promise<{ sockets: number; timers: number; heapBytes: number } | undefined>
  /** Errors that nobody caught: unhandled rejections, and an end of the process that nobody asked for. */
  readonly troubles: readonly string[]
  /** What else is to be told of it, as clauses: nothing that a caller would call an error. */
  readonly notes?: readonly string[]
  /** How it came to its end, where it ended although nobody asked it to; absent while it runs. */
  readonly end?: string | undefined
  close(): Promise<void>
}

export interface RunningCall {
  readonly answer: Promise<Answer>
  /** The caller does not want it any more. */
  abort(): void
}
