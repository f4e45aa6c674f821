/**
 * The lines of Caddy's JSON log about a request that failed, as the JSON encoder writes them, without what the journal has
 * beside them (time, duration) and what Caddy draws by lot (err_id). index.ts calls it.
 */
import type { Failure } from '../../core/failure.js'
import type { ErrorLog, LogContext, LogLine } from '../log_line.js'
import { errorText, statusOf } from './error_text.js'

const HANDLER = 'http.handlers.reverse_proxy'

/** One line where nothing was sent yet, two where the body broke off; none about what comes through a tunnel. */
function ended(failure: Failure, context: LogContext): LogLine[] {
  const text = errorText(failure, context)
  if (failure.stage === 'tunnel') return []
  if (failure.stage !== 'response_body') {
    const line = {
      level: 'error',
      logger: 'http.log.error',
      msg: text,
      request: requestOf(context),
      status: statusOf(failure),
    }
    return [{ level: 'error', message: JSON.stringify(line) }]
  }
  return ['reading from backend', 'aborting with incomplete response'].map((msg) => ({
    level: 'error',
    message: JSON.stringify({ level: 'error', logger: HANDLER, msg, error: text }),
  }))
}

function requestOf({ client, request, host }: LogContext) {
  const [method, uri, proto] = request.split(' ')
  return { remote_ip: client, proto, method, host, uri }
}

/** Of tries that were followed by another one, and of servers that are ill, it says nothing at this level. */
export const errorLog: Partial<ErrorLog> = { ended }
