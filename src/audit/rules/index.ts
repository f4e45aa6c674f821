/** The rules, by their ids, in the order in which reports list them. One file and one line each. */
import type { Rule } from '../rule.js'
import { abort_during_wait } from './abort-during-wait.js'
import { abort_in_flight } from './abort-in-flight.js'
import { amplification } from './amplification.js'
import { backs_off } from './backs-off.js'
import { body_intact } from './body-intact.js'
import { bounded } from './bounded.js'
import { drains_failed_bodies } from './drains-failed-bodies.js'
import { half_open_probe } from './half-open-probe.js'
import { honours_retry_after } from './honours-retry-after.js'
import { idle_close_race } from './idle-close-race.js'
import { keeps_connections } from './keeps-connections.js'
import { long_retry_after } from './long-retry-after.js'
import { no_duplicate_post } from './no-duplicate-post.js'
import { no_post_on_5xx } from './no-post-on-5xx.js'
import { no_unhandled_rejections } from './no-unhandled-rejections.js'
import { only_sensible_statuses } from './only-sensible-statuses.js'
import { recovers } from './recovers.js'
import { retries_429 } from './retries-429.js'
import { retries_502 } from './retries-502.js'
import { retries_503 } from './retries-503.js'
import { retries_504 } from './retries-504.js'
import { retries_connection_refused } from './retries-connection-refused.js'
import { retries_reset } from './retries-reset.js'
import { retries_timeout } from './retries-timeout.js'
import { retry_after_date } from './retry-after-date.js'
import { retry_after_odd } from './retry-after-odd.js'
import { retry_after_on_502_504 } from './retry-after-on-502-504.js'
import { retry_after_overflow } from './retry-after-overflow.js'
import { same_attempts_as_asked } from './same-attempts-as-asked.js'
import { settles } from './settles.js'
import { spreads_retries } from './spreads-retries.js'
import { stacked_attempts } from './stacked-attempts.js'
import { steady_under_failure } from './steady-under-failure.js'
import { stream_body } from './stream-body.js'
import { truncated_body } from './truncated-body.js'

export const rules: Readonly<Record<string, Rule>> = {
  'retries-502': retries_502,
  'retries-503': retries_503,
  'retries-504': retries_504,
  'retries-429': retries_429,
  'retries-reset': retries_reset,
  'retries-connection-refused': retries_connection_refused,
  'retries-timeout': retries_timeout,
  'no-duplicate-post': no_duplicate_post,
  'no-post-on-5xx': no_post_on_5xx,
  'only-sensible-statuses': only_sensible_statuses,
  'honours-retry-after': honours_retry_after,
  'retry-after-on-502-504': retry_after_on_502_504,
  'retry-after-date': retry_after_date,
  'retry-after-odd': retry_after_odd,
  'long-retry-after': long_retry_after,
  'retry-after-overflow': retry_after_overflow,
  'backs-off': backs_off,
  'spreads-retries': spreads_retries,
  bounded: bounded,
  'same-attempts-as-asked': same_attempts_as_asked,
  amplification: amplification,
  'stacked-attempts': stacked_attempts,
  'body-intact': body_intact,
  'stream-body': stream_body,
  'truncated-body': truncated_body,
  'abort-during-wait': abort_during_wait,
  'abort-in-flight': abort_in_flight,
  settles: settles,
  'no-unhandled-rejections': no_unhandled_rejections,
  recovers: recovers,
  'half-open-probe': half_open_probe,
  'idle-close-race': idle_close_race,
  'keeps-connections': keeps_connections,
  'drains-failed-bodies': drains_failed_bodies,
  'steady-under-failure': steady_under_failure,
}
