/**
 * A line of Envoy's access log in its default format, with %RESPONSE_CODE_DETAILS% behind the flags, where those who add
 * it have it: `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE%
 * %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%
 * "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"`.
 */
import type { AccessEntry } from '../dialect.js'
import type { FlagName } from './flags.js'
import { localReply } from './local_reply.js'

export function accessLine(entry: AccessEntry): string {
  const { request, status, tries, forwardedFor, userAgent, id, host, headMs } = entry
  const { flags, details } = toldOf(entry)
  const counts = [entry.receivedBytes ?? 0, entry.payloadBytes ?? entry.bodyBytes, whole(entry.ms ?? 0)]
  const service = headMs === undefined ? '-' : whole(headMs)
  const chosen = entry.failure?.stage === 'select' ? undefined : tries.at(-1)?.address
  const quoted = [forwardedFor, userAgent, id, host, chosen].map((value) => `"${value || '-'}"`)
  const said = `${status ?? 0} ${flags} ${details} ${counts.join(' ')} ${service}`
  return `[${entry.startedAt ?? '-'}] "${request || '- - HTTP/1.1'}" ${said} ${quoted.join(' ')}`
}

function toldOf({ failure, cut = false, clientLeft, denied }: AccessEntry): { flags: string; details: string } {
  const flags: FlagName[] = []
  if (denied) flags.push(denied === 'exhausted' ? 'URX' : 'UO')
  const reply = failure && localReply(failure, { begun: cut })
  if (reply?.flag) flags.push(reply.flag)
  if (clientLeft && !reply) flags.push('DC')
  const details = reply?.details ?? (clientLeft ? 'downstream_remote_disconnect' : 'via_upstream')
  return { flags: flags.length > 0 ? flags.join(',') : '-', details }
}

const whole = (ms: number): number => Math.floor(ms)
