/**
 * The health checks of one proxy: for each of its servers one at a time, at the delays that the core gives, from when
 * the server is in the list until it leaves or the run ends. Requests and their connections know nothing of it.
 */
import { afterCheck, initialHealth, untilNextCheck, whyTurned } from '../../core/proxy/active_health.js'
import { type HealthCheckConfig, judgeCheck, schemeOf } from '../../core/proxy/health_checks/index.js'
import type { Server } from '../../core/proxy/server.js'
import { alignedMs, monotonicMs, roundMs, type Stop, startTimer, stopTimer, type Timer } from '../clock.js'
import type { Edge, Site, Target } from '../site.js'
import { beginCheck, type SeenCheck } from './health_check.js'
import type { Reach } from './targets.js'

export interface HealthChecks {
  /** The server is in the list: nothing is known of it, and the first check begins at once. */
  begin(server: Server): void
  /** It is not any more. */
  end(server: Server): void
  /** How requests end makes its health doubtful, and the server has been told so: the next check comes sooner. */
  hurry(server: Server): void
}

/** @param onTurn a server may take requests now, or may not any more */
export function createHealthChecks(
  site: Site,
  hop: string,
  { health_check, to }: { health_check: HealthCheckConfig; to: readonly Edge[] },
  reach: Reach,
  onTurn: () => void,
): HealthChecks {
  const courses = new Map<Server, Course>()
  const scheme = schemeOf(health_check)
  const end = (server: Server) => courses.get(server)?.stop()
  site.scope.add(() => {
    for (const course of courses.values()) course.stop()
  })
  return {
    begin(server) {
      end(server)
      const edge = to[server.index]!
      const target = reach(scheme === undefined ? edge : { ...edge, scheme })
      const course = new Course(site, hop, health_check, target, server, onTurn)
      courses.set(server, course)
      course.check()
    },
    end,
    hurry: (server) => courses.get(server)?.hurry(),
  }
}

/** The checks of one server, one after the other. */
class Course {
  private count = 0
  private timer: Timer | undefined
  /** When it rings. */
  private dueAt = 0
  private stopCheck: Stop | undefined

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    private readonly config: HealthCheckConfig,
    private readonly target: Target,
    private readonly server: Server,
    private readonly onTurn: () => void,
  ) {
    server.watched = initialHealth(config)
    server.thresholds = config
    server.checked = server.watched.state
  }

  readonly check = (): void => {
    this.timer = undefined
    const started = monotonicMs()
    const id = `check-${this.hop}-${this.target.hop}-${++this.count}`
    this.stopCheck = beginCheck(this.site, this.target, this.config, id, (seen) => {
      this.stopCheck = undefined
      this.ended(id, seen, monotonicMs() - started)
    })
  }

  /** As HAProxy has it, only a fast_interval makes it come sooner. */
  hurry(): void {
    const { fast_interval } = this.config
    if (fast_interval === undefined || !this.timer || this.dueAt - monotonicMs() <= fast_interval) return
    stopTimer(this.timer)
    this.checkIn(fast_interval)
  }

  private checkIn(ms: number): void {
    this.dueAt = monotonicMs() + ms
    this.timer = startTimer(ms, this.check)
  }

  stop(): void {
    stopTimer(this.timer)
    this.stopCheck?.()
    this.stopCheck = undefined
  }

  private ended(id: string, { answer, failure, address, local }: SeenCheck, ms: number): void {
    const { site, hop, config, target, server } = this
    const verdict = judgeCheck(config, answer, failure)
    if (site.journaling) {
      const { status } = answer
      const request = config.type === 'http' ? id : undefined
      const seen = { request, address, local, ...verdict, status, failure, ms: roundMs(ms) }
      site.journal({ event: 'check', t: site.now(), hop, server: target.hop, ...seen })
    }
    const before = server.watched!.state
    server.watched = afterCheck(server.watched!, verdict.result, config)
    const draw = site.chance.at('health_check', `${hop}->${target.hop}`, this.count)
    this.checkIn(untilNextCheck(server.watched, config, draw))
    const { state } = server.watched
    if (verdict.result === 'passed' && state === 'up') server.passive.checkPassed?.(alignedMs())
    if (state === before) return
    server.setChecked(state, alignedMs())
    const why = whyTurned(state, before, verdict, config)
    site.journal({ event: 'server', t: site.now(), hop, server: target.hop, state, why })
    this.onTurn()
  }
}
