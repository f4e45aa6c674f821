/** Which TLS profile a gateway speaks to a target: the usual one, unless that is in quarantine there. */

export class ProfileChoice {
  /** By target, then by profile: until when. */
  private readonly quarantines = new Map<string, Map<string, number>>()

  /** @param profiles the usual one first; none: it never speaks TLS of its own */
  constructor(readonly profiles: readonly string[]) {}

  quarantine(target: string, profile: string, untilMs: number): void {
    const known = this.quarantines.get(target) ?? new Map<string, number>()
    this.quarantines.set(target, known.set(profile, Math.max(untilMs, known.get(profile) ?? 0)))
  }

  /** Those that are in no quarantine for this target. */
  open(target: string, nowMs: number): readonly string[] {
    const until = this.quarantines.get(target)
    return until ? this.profiles.filter((name) => nowMs >= (until.get(name) ?? 0)) : this.profiles
  }

  /** For a first try; with all in quarantine the usual one after all. */
  usual(target: string, nowMs: number): string {
    return this.open(target, nowMs)[0] ?? this.profiles[0] ?? ''
  }

  /** One that a request has not spoken yet, or, if it has spoken all, another than the last. */
  other(target: string, spoken: readonly string[], nowMs: number): string {
    const open = this.open(target, nowMs)
    const last = spoken.at(-1)
    return open.find((name) => !spoken.includes(name)) ?? open.find((name) => name !== last) ?? last ?? ''
  }
}
