/**
 * The causes of the catalogue at a proxy that speaks Envoy's dialect: what Envoy's documentation and source say of each, as
 * the status, the flag and the details in its access log. The faults are real, and so are the sockets.
 */
import t from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import { runScenario } from '../../src/run.js'
import { readScenario } from '../../src/scenario/files.js'
import { explainWords } from '../../src/words/index.js'

const before = (reason: string) => `upstream_reset_before_response_started{${reason}}`
const after = (reason: string) => `upstream_reset_after_response_started{${reason}}`
const unconnected = (why: string) => `503 UF ${before(`remote_connection_failure,${why}`)}`
const tls = (error: string) => unconnected(`TLS_error:|${error}:TLS_error_end`)

const REFUSED = unconnected('delayed_connect_error:_111')
const TERMINATED = `503 UC ${before('connection_termination')}`
const CONNECT_TIMEOUT = `503 UF ${before('connection_timeout')}`
const UNVERIFIED = tls('268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED')
const HANDSHAKE_CUT = `503 UF ${before('remote_connection_failure')}`
const UNPARSABLE = `502 UPE ${before('protocol_error')}`
const CUT = `200 UC ${after('connection_termination')}`
const NO_HOST = '503 UH no_healthy_upstream'

/** Each with all that its log says, whatever the number. */
const table: Record<string, string[]> = {
  'origin-refused': [REFUSED],
  'connect-timeout': [CONNECT_TIMEOUT],
  'host-unreachable': [unconnected('immediate_connect_error:_101')],
  'dns-nxdomain': [NO_HOST],
  'dns-servfail': [NO_HOST],
  'dns-timeout': [NO_HOST],
  'no-live-upstreams': [REFUSED, NO_HOST],
  'close-on-accept': [TERMINATED],
  'reset-on-accept': [TERMINATED],
  'reset-before-response': ['200 - via_upstream', TERMINATED],
  'empty-response': [TERMINATED],
  'partial-headers-close': [TERMINATED],
  'partial-headers-reset': [TERMINATED],
  'tls-close-on-hello': [HANDSHAKE_CUT],
  'tls-reset-on-hello': [HANDSHAKE_CUT],
  'tls-handshake-stall': [CONNECT_TIMEOUT],
  'tls-cipher-mismatch': [tls('268436496:SSL_routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE')],
  'tls-version-mismatch': [tls('268436526:SSL_routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION')],
  'tls-to-plain-port': [tls('268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER')],
  'tls-cert-expired': [UNVERIFIED],
  'tls-cert-not-yet-valid': [UNVERIFIED],
  'tls-cert-untrusted': [UNVERIFIED],
  'tls-cert-missing-intermediate': [UNVERIFIED],
  'tls-cert-wrong-host': [UNVERIFIED],
  'garbage-response': [UNPARSABLE],
  'malformed-status-line': [UNPARSABLE],
  'invalid-header-name': [UNPARSABLE],
  'header-section-too-large': [UNPARSABLE],
  'conflicting-content-length': [UNPARSABLE],
  'unexpected-switching-protocols': [UNPARSABLE],
  'wrong-protocol': [UNPARSABLE],
  'invalid-chunk-size': [`200 UPE ${after('protocol_error')}`],
  'truncated-body-close': [CUT],
  'truncated-body-reset': [CUT],
  'unterminated-chunked': [CUT],
  'response-timeout': ['504 UT response_timeout'],
  'slow-headers': ['504 UT response_timeout'],
  'slow-body': ['200 UT response_timeout'],
  'pool-exhausted': ['200 - via_upstream', `503 UO ${before('overflow')}`],
  'upstream-own-502': ['502 - via_upstream'],
  'upstream-own-503': ['503 - via_upstream'],
}

t.jobs = 4
for (const [id, expected] of Object.entries(table)) {
  t.test(id, async (t) => {
    const file = `scenarios/causes/${id}.yaml`
    const scenario = await readScenario(file)
    const lb = scenario.hops.lb!
    const events: JournalEvent[] = []
    const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
    const changed = { ...scenario, hops: { ...scenario.hops, lb: { ...lb, dialect: 'envoy' as const } } }
    await runScenario({ file, scenario: changed as typeof scenario }, { openJournal })
    const lines = events.flatMap((event) => (event.event === 'log' && event.hop === 'lb' ? [event.line] : []))
    const said = lines.map((line) => /^\[.*?\] ".*?" (\S+ \S+ \S+) /.exec(line)?.[1] ?? line)
    t.strictSame([...new Set(said)].sort(), [...expected].sort())
    // And back: who reads the line gets the cause among its answers.
    const telling = lines.filter((line) => !line.includes(' 200 - '))
    const back = telling.flatMap((line) => explainWords(line).flatMap(({ causes }) => causes.map((cause) => cause.id)))
    t.ok(back.includes(id), `${telling[0]}`)
  })
}
