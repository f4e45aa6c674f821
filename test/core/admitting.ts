/** A client's side of an admission, for tests: it sends attempts that end as told, and says which were let through. */
import { z } from 'zod'
import { type Admission, type Ask, admissions, createAdmissions } from '../../src/core/client/admission/index.js'
import type { Outcome } from '../../src/core/client/outcome.js'
import { kindSchema } from '../../src/lib/registry.js'

const schema = z.array(kindSchema(admissions, 'admission'))

/** Of settings as they are written in a scenario. */
export const admissionOf = (...written: unknown[]): Admission => createAdmissions(schema.parse(written))

export const ok: Outcome = { status: 200 }
export const badGateway: Outcome = { status: 502 }
export const tooMany: Outcome = { status: 429 }

export class Client {
  now = 0
  /** In [0, 1), for the asks that follow. */
  draw = 0
  readonly admission: Admission

  constructor(...written: unknown[]) {
    this.admission = admissionOf(...written)
  }

  ask(n: number, after?: Outcome, hedge = false): Ask {
    return { n, hedge, now_ms: this.now, draw: this.draw, after }
  }

  /** The ask if it was granted; the attempt is then under way. */
  begin(ask: Ask): Ask | undefined {
    return this.admission.admit(ask).admit ? ask : undefined
  }

  end(ask: Ask, outcome: Outcome, cancelled?: true): void {
    const good = outcome.status !== undefined && outcome.status < 400
    this.admission.ended({ ask, now_ms: this.now, outcome, ok: good, cancelled })
  }

  /** A first attempt that ends at once; whether it was let through. */
  first(outcome: Outcome): boolean {
    const ask = this.begin(this.ask(1))
    if (ask) this.end(ask, outcome)
    return ask !== undefined
  }

  /** A second attempt after one that ended so; it ends at once. */
  retry(after: Outcome, outcome: Outcome): boolean {
    const ask = this.begin(this.ask(2, after))
    if (ask) this.end(ask, outcome)
    return ask !== undefined
  }

  /** How many of so many retries are let through. */
  retries(count: number, after: Outcome, outcome = after): number {
    let passed = 0
    for (let n = 0; n < count; n++) if (this.retry(after, outcome)) passed++
    return passed
  }

  /** One request with up to so many attempts; how many were sent. */
  request(attempts: number, fate: (n: number) => Outcome): number {
    let last: Outcome | undefined
    for (let n = 1; n <= attempts; n++) {
      const ask = this.begin(this.ask(n, last))
      if (!ask) return n - 1
      last = fate(n)
      this.end(ask, last)
      if (last.status === 200) return n
    }
    return attempts
  }
}
