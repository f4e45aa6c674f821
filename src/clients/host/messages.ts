/** What a client's process and the audit tell each other, over Node's own channel. Knows no library and no rule. */
import type { Answer, Call, Delay } from '../driver.js'

/** What the process is to host. */
export type Spec =
  /** A driver of clients/index.ts, and where each of its packages was found. */
  | { type: 'library'; name: string; packages: Readonly<Record<string, string>> }
  /** A file of the user's: the export by that name, or the only one there is. */
  | { type: 'module'; url: string; export: string | undefined }

export type ToHost =
  | { do: 'load'; spec: Spec }
  | { do: 'call'; id: number; call: Call }
  | { do: 'abort'; id: number }
  | { do: 'state'; id: number }

export type FromHost =
  /** It can be called. `zero` is when its clock was started, in real milliseconds since 1970. */
  | { told: 'loaded'; zero: number }
  /** With a remedy it can't run here; without one it is the user's mistake. */
  | { told: 'failed'; problem: string; remedy?: string }
  | { told: 'answer'; id: number; answer: Answer }
  /** Those asked for since the last time. */
  | { told: 'delays'; delays: Delay[] }
  | { told: 'state'; id: number; sockets: number; timers: number; heap_bytes: number }
  /** A rejection or an exception that nobody caught. */
  | { told: 'unhandled'; message: string }
