/**
 * Apache's log as the journal's events. Access, error and forensic log are one file: lines of the error log wait for the
 * line of the access log that ends their request, which has the same thread; the forensic lines tell which requests are
 * under way. Requests run side by side, so that a mark counts once those that began before it have ended.
 */
import { type LoggedLine, takeApart } from '../../dialects/apache/log_reading.js'
import type { LogEvent } from '../../journal/events.js'
import type { LogReader, ProxyPlaces, ProxySettings, Told } from '../driver.js'
import type { AccessLine } from './configuration.js'
import { forwardOf, serverAt } from './forward.js'

interface ErrorLine {
  /** Milliseconds since 1970. */
  at: number | undefined
  /** As Apache writes it, from its module on. */
  text: string
  logged: LoggedLine
}

/** How often a mark is asked for while a request goes on: who is still under way then waits for a server, and nobody for it. */
const PATIENCE = 10

export function createReader(settings: ProxySettings, places: Pick<ProxyPlaces, 'addresses'>): LogReader {
  /** By thread: what its next line of the access log is about. */
  const waiting = new Map<string, ErrorLine[]>()
  const underWay = new Set<string>()
  const asked = new Map<string, number>()

  function errorLine(text: string): Told[] {
    const parts = /^(\S+ \S+) (\S+) (\d+) (\[\w+:\w+\] \[pid .*)$/s.exec(text)
    if (!parts) return []
    const [, date, request, thread, words] = parts as unknown as [string, string, string, string, string]
    // Of a connection, not of a request: by itself Apache writes it so.
    const said = request === '-' ? words.replace(/ \[client ([^\]]*)\] /, ' [remote $1] ') : words
    const line = { at: timeOf(date), text: said, logged: takeApart(said) }
    const { id = '', level, module, said: message } = line.logged
    if (level === 'alert' || level === 'emerg') return [tell(line), { trouble: message }]
    if (NOT_TOLD.has(id) || message.endsWith(' for 0s')) return []
    if (OF_REQUESTS.test(module)) waiting.set(thread, [...(waiting.get(thread) ?? []), line])
    else if (!MINOR.has(level)) return [tell(line)]
    return []
  }

  function accessLine(access: AccessLine): Told[] {
    const lines = waiting.get(access.thread) ?? []
    waiting.delete(access.thread)
    const at = Number(access.at)
    const logged = lines.map((line) => line.logged)
    return [
      ...lines.map((line) => tell(line, access.id, at)),
      ...logged.flatMap((line) => excluded(line, settings, places, at)),
      { event: forwardOf(access, logged, settings, places), at },
    ]
  }

  function markLine(query: string): Told[] {
    const mark = /[?&]mark=([\w-]+)/.exec(query)?.[1] ?? ''
    const times = (asked.get(mark) ?? 0) + 1
    asked.set(mark, times)
    return underWay.size === 0 || times > PATIENCE ? [{ mark }] : []
  }

  return {
    line(text) {
      if (text.startsWith('{')) {
        const access = JSON.parse(jsonOf(text)) as AccessLine | { mark: string }
        return 'mark' in access ? markLine(access.mark) : accessLine(access)
      }
      if (text.startsWith('+')) underWay.add(text.slice(1, text.indexOf('|')))
      else if (text.startsWith('-')) underWay.delete(text.slice(1))
      else return errorLine(text)
      return []
    },
    end() {
      const left = [...waiting.values()].flat()
      waiting.clear()
      return left.map((line) => tell(line))
    },
  }
}

const MINOR: ReadonlySet<string> = new Set(['notice', 'info', 'warn', 'debug'])

/** The modules that a request passes through. */
const OF_REQUESTS = /^(proxy|proxy_http|proxy_balancer|http|core|ssl|reqtimeout)$/

/**
 * That a connection is there or gone, how TLS was set up, what Apache says of itself, and that it makes of CONNECT and of
 * odd targets what it likes. A server that is excluded for no time at all is not excluded.
 */
const NOT_TOLD: ReadonlySet<string> = new Set(
  '00094 00490 01136 01873 01876 01882 01883 01887 01914 01964 01997 01998 02008 03408'
    .split(' ')
    .map((number) => `AH${number}`),
)

const tell = ({ logged, text, at }: ErrorLine, request?: string, better = at): Told => ({
  event: { event: 'log', request, level: logged.level as LogEvent['level'], line: text },
  at: better,
})

/** Apache writes the time of the machine's zone. */
function timeOf(date: string): number | undefined {
  const at = Date.parse(date.replace(' ', 'T'))
  return Number.isNaN(at) ? undefined : at
}

/** Its escapes are C's, some of which JSON does not have. */
const jsonOf = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (all, hex: string | undefined, one: string) =>
    hex !== undefined ? `\\u00${hex}` : one === 'v' ? '\\u000b' : all,
  )

function excluded(
  { said }: LoggedLine,
  settings: ProxySettings,
  places: Pick<ProxyPlaces, 'addresses'>,
  at: number,
): Told[] {
  const connected = /^ap_proxy_connect_backend disabling worker for \((.*?)\) for \d+s$/.exec(said)?.[1]
  const answered = /: Forcing worker \(\w+:\/\/(.*?)\/?\) into error state/.exec(said)?.[1]
  const address = connected ?? answered
  if (address === undefined) return []
  return [{ event: { event: 'server', server: serverAt(address, settings, places), state: 'excluded' }, at }]
}
