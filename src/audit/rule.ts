/** What a rule is: a rig, calls of the client in front of it, and a judgement of what the servers saw. rules/ holds them. */
import type { Answer, Call, Lacks, Running, Subject } from '../clients/driver.js'
import type { SeenAttempt } from '../journal/seen.js'
import type { Rig, RigInput } from '../rig.js'

export type RuleVerdict = 'pass' | 'fail' | 'not_applicable' | 'inconclusive'

export interface Finding {
  verdict: RuleVerdict
  /** One sentence, with figures. */
  because: string
  /** What servers saw, a line each, times in the client's milliseconds. */
  evidence: string[]
}

export interface Rule {
  /** What a good client does, in one line. */
  readonly summary: string
  /** Why it matters, in a sentence or two. */
  readonly why: string
  /** What the client must be able to do; where it lacks that, the rule is not applicable. */
  readonly needs?: readonly (keyof Lacks)[]
  /** Loads the machine: no other rule runs beside it. */
  readonly alone?: boolean
  check(bench: Bench): Promise<Finding>
}

/** One call, as a rule makes it: GET at the rig's entrance unless it says otherwise. */
export type Ask = Partial<Omit<Call, 'url'>> & { path?: string }

export interface Asked {
  /** Its X-Request-Id. */
  readonly id: string
  readonly answer: Promise<Answer>
  abort(): void
  /**
   * How it ended, or undefined when the client was still at it after so many of its milliseconds, and some seconds of real
   * time at least, without a new attempt and without an answer. Everything that servers saw until then is in attempts().
   */
  settled(withinMs: number): Promise<Answer | undefined>
}

type FaultInput = NonNullable<RigInput['faults']>[number]
/** A fault of the bench's own origin. */
export type BenchFault = Omit<FaultInput, 'on'>

/** What a rule works with. Everything that it opens is closed behind it. */
export interface Bench {
  readonly subject: Pick<Subject, 'kind' | 'lacks' | 'mostAttempts' | 'timeScale'>
  /** Hops for this rule, with the audit's seed; one origin `app` and these faults, on it, where only faults are given. */
  rig(input: RigInput | { faults: BenchFault[] }): Promise<Rig>
  /** The client. It was started before the rule was. */
  client(): Promise<Running>
  ask(lab: Rig, ask?: Ask): Promise<Asked>
  /** What servers saw of that request, with times and gaps in the client's milliseconds. */
  attempts(lab: Rig, asked?: Asked): SeenAttempt[]
  /** A line of evidence for each of these attempts. */
  told(attempts: readonly SeenAttempt[]): string[]
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const finding =
  (verdict: RuleVerdict) =>
  (because: string, evidence: string[] = []): Finding => ({ verdict, because: sentence(because), evidence })

export const pass = finding('pass')
export const fail = finding('fail')
export const inconclusive = finding('inconclusive')
/** @param because a clause: `it does not try again after a 503` */
export const notApplicable = (because: string): Finding => ({ verdict: 'not_applicable', because, evidence: [] })
