/**
 * How a product reads a response, where it is not as undici does: bytes in, what it makes of them out. live/reading.ts
 * carries them between a socket and undici; a reader knows neither.
 */

/** Makes who reads the response to a request of that method. */
export interface Reads {
  (method: string): Reader
  /** It goes on behind responses that are not final, and passes them on. */
  readonly passesInterims?: true
}

export interface Reader {
  /** Bytes that arrived. */
  push(bytes: Uint8Array): Reading[]
  /** The other side has ended its half. */
  finish(): Reading[]
  /** In the product's words, what is wrong with the response if nothing more comes; undefined: no more than that. */
  words?(): string | undefined
}

export type Reading =
  | { is: 'head'; status: number; line: string; fields: string[]; framing: Framing; last: boolean }
  /** A response that is not the final one. */
  | { is: 'interim'; status: number; line: string; fields: string[] }
  /** Part of the body, without its framing: what the product passes on now. */
  | { is: 'data'; bytes: Uint8Array }
  /** The response is complete; `spoilt`: nobody should use the connection again; `trailers`: names and values in turn. */
  | { is: 'end'; spoilt: boolean; trailers?: readonly string[] }
  /** Nothing to go on with: in the words of undici's parser, and what was read up to the byte at fault; Latin-1. */
  | { is: 'invalid'; message: string; seen: string }
  /** A line for the error log about something that is no failure. */
  | { is: 'note'; level: 'warn' | 'error'; text: string; stage: 'response_head' | 'response_body' }

/** How the end of the body is told: by a length, by chunks, or by the connection's end. */
export type Framing = { by: 'length'; bytes: number } | { by: 'chunks' } | { by: 'close' }
