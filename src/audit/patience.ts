/**
 * Time for rules: how long one waits for a client, and what a gap between two attempts proves. All of it in the
 * client's milliseconds. Rules call it; it knows no rig.
 */
import type { Bench } from './rule.js'

/** Nobody waits longer for a client that does nothing, in real time. */
const REAL_LIMIT_MS = 20_000

type Clock = { readonly subject: Pick<Bench['subject'], 'timeScale'> }

/** As long as asked, where a client on its clock can be waited for so long. */
export const patience = ({ subject }: Clock, ms: number): number => Math.min(ms, REAL_LIMIT_MS * subject.timeScale)

/** Whether `patience` is as long as asked. */
export const hasTimeFor = (bench: Clock, ms: number): boolean => patience(bench, ms) === ms

/**
 * The shortest gap that a wait of so many milliseconds can look like to a server. Node's own timers may ring a
 * millisecond early and clocks of two processes differ in the last digits; on a fast clock that is more.
 */
export const leastGap = ({ subject }: Clock, waitMs: number): number => waitMs - Math.max(5, 2 * subject.timeScale)

/** So many real milliseconds on the client's clock. */
export const realMs = ({ subject }: Clock, ms: number): number => ms * subject.timeScale
