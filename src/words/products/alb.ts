/** The words of AWS Application Load Balancers: fields of the access log, and the statuses of its own. */
import { type Parts, type Product, word } from '../product.js'

const METRICS = 'HTTPCode_ELB_5XX_Count against HTTPCode_Target_5XX_Count, and the health of the target group.'
const TARGET = 'The log of the target at that second; its keep-alive time must be longer than the idle timeout (60 s).'
const SECURITY = 'Security groups and network ACLs (ephemeral ports) between the balancer and the target.'
const REQUEST = 'What the client sends, byte for byte.'

export const alb: Product = {
  title: 'AWS ALB',
  source: 'Elastic Load Balancing user guide (Application Load Balancers: troubleshooting, access logs), 2023-06',
  next: `The access log: elb_status_code beside target_status_code. ${METRICS}`,
  mark: /^server: awselb\/2\.0/im,
  statuses: {
    accepted: ['certificate'],
    '200 cut': ['truncated', 'bad_chunk'],
    '400': ['bad_request', 'client_left'],
    '403': ['denied'],
    '404': ['no_route'],
    '408': ['bad_request'],
    '413': ['bad_request'],
    '414': ['bad_request'],
    '429': ['over_rate'],
    '460': ['client_left'],
    '463': ['bad_request', 'no_route'],
    '464': ['bad_request'],
    '500': ['overloaded', 'denied'],
    '501': ['bad_request'],
    '502': [
      'refused',
      'unroutable',
      'closed',
      'reset',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'bad_coding',
      'switched',
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'tls_garbled',
      'tls_timeout',
      'bad_chunk',
    ],
    '503': ['no_server', 'full', 'queued', 'overloaded', 'name_unknown', 'name_failed', 'name_timeout'],
    '504': ['connect_timeout', 'silent', 'slow_head', 'slow_body', 'unsent'],
    '505': ['bad_request'],
    '561': ['unauthorized', 'denied'],
  },
  takeApart,
  words: [
    word(
      'target_status_code -',
      [
        'refused',
        'closed',
        'reset',
        'silent',
        'connect_timeout',
        'partial_head',
        'not_http',
        'bad_header',
        'head_too_large',
        'tls_reset',
        'tls_closed',
        'tls_alert',
        'tls_garbled',
        'tls_timeout',
        'unroutable',
        'no_server',
        'client_left',
        'bad_request',
        'two_lengths',
        'switched',
        'bad_coding',
        'slow_head',
        'unsent',
        'certificate',
        'full',
        'queued',
        'name_unknown',
        'name_failed',
        'name_timeout',
      ],
      'The target gave no valid answer: the status is the balancer’s own.',
      TARGET,
      { pattern: /target_status_code["=: ]+-/ },
    ),
    word(
      'target_status_code 502',
      ['passed_502'],
      'The target answered 502 itself: the balancer passed it on.',
      'The log of the target.',
      { pattern: /target_status_code["=: ]+502/ },
    ),
    word(
      'target_status_code 503',
      ['passed_503'],
      'The target answered 503 itself: the balancer passed it on.',
      'The log of the target.',
      { pattern: /target_status_code["=: ]+503/ },
    ),
    word(
      'target_status_code 504',
      ['passed_504'],
      'The target answered 504 itself: the balancer passed it on.',
      'The log of the target.',
      { pattern: /target_status_code["=: ]+504/ },
    ),
    word(
      'target_status_code 500',
      ['passed_500'],
      'The target answered 500 itself: the balancer passed it on.',
      'The log of the target.',
      { pattern: /target_status_code["=: ]+50[^234]/ },
    ),
    word(
      'request_processing_time -1',
      [
        'refused',
        'connect_timeout',
        'unroutable',
        'tls_reset',
        'tls_closed',
        'tls_alert',
        'tls_garbled',
        'tls_timeout',
        'no_server',
        'bad_request',
        'certificate',
        'full',
        'queued',
        'name_unknown',
        'name_failed',
        'name_timeout',
      ],
      'It could not be sent to a target at all.',
      SECURITY,
      { pattern: /request_processing_time["=: ]+-1/ },
    ),
    word(
      'target_processing_time -1',
      [
        'closed',
        'reset',
        'silent',
        'partial_head',
        'refused',
        'connect_timeout',
        'not_http',
        'client_left',
        'two_lengths',
        'switched',
        'bad_coding',
        'bad_header',
        'head_too_large',
        'slow_head',
        'unsent',
        'tls_alert',
      ],
      'The target closed the connection, or nothing came before the idle timeout.',
      TARGET,
      { pattern: /target_processing_time["=: ]+-1/ },
    ),
    word(
      'error_reason',
      ['unauthorized', 'overloaded', 'denied'],
      'Why authentication, a Lambda function or AWS WAF failed; empty for all else.',
      'The word itself, in the table of error reason codes.',
      { pattern: /(?:error_reason["=: ]+)?(?<!\w)(?:Auth\w+|Lambda\w+|WAF\w+|TargetGroup\w+)(?!\w)|^error_reason$/ },
    ),
    ...classification(),
    word(
      'received a TCP RST from the target when attempting to establish a connection',
      ['refused'],
      'The target refused the connection: 502.',
      'Whether the target listens at the port of the target group.',
      { pattern: /received a TCP RST from the target/ },
    ),
    word(
      'ICMP Destination unreachable (Host unreachable)',
      ['unroutable'],
      'A router says that nobody has the address: 502.',
      'Whether the target is still registered under that address.',
      { pattern: /ICMP Destination unreachable/ },
    ),
    word(
      'closed the connection with a TCP RST or a TCP FIN while the load balancer had an outstanding request',
      ['closed', 'reset'],
      'The target hung up on a request: 502. Now and then: it closes idle connections first.',
      TARGET,
      {
        pattern:
          /closed (?:the connection )?with (?:a )?(?:TCP )?RST(?:\/FIN| or a TCP FIN) while (?:a request was outstanding|the load balancer had an outstanding request)|RST\/FIN with a request outstanding/,
      },
    ),
    word(
      'failed to establish a connection to the target before the connection timeout expired (10 seconds)',
      ['connect_timeout'],
      'No connection in ten seconds: 504.',
      SECURITY,
      { pattern: /failed to establish a connection.* before the connection timeout expired/ },
    ),
    word(
      'SSL handshake error',
      ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled'],
      'TLS with the target failed: 502.',
      'Protocol and port of the target group; the versions of TLS of the target.',
    ),
    word(
      'SSL handshake timeout (10 seconds)',
      ['tls_timeout'],
      'The handshake took ten seconds: 502 here, where others say 504.',
      'Whether that port speaks TLS.',
      { pattern: /SSL handshake timeout/ },
    ),
    word(
      'The target response is malformed or contains HTTP headers that are not valid',
      ['not_http', 'bad_header', 'switched', 'bad_chunk', 'two_lengths'],
      'The response is no valid HTTP: 502.',
      'The bytes that come back from the target.',
      { pattern: /response is malformed|HTTP headers that are not valid/ },
    ),
    word(
      'exceeded 32 K for the entire response header',
      ['head_too_large'],
      'The head of the response is over the limit: 502.',
      'The size of cookies and headers.',
      { pattern: /exceeded 32 K/ },
    ),
    word(
      'content-length header larger than the entity body',
      ['truncated', 'slow_body'],
      'Bytes of the body are missing, and the connection stays open: 504.',
      TARGET,
      { pattern: /content-length (?:header )?larger than the (?:entity )?body/i },
    ),
    word(
      'target group has no registered targets',
      ['no_server'],
      'Nobody to send it to: 503. With unhealthy targets only, it sends to all of them.',
      'The registered targets.',
      { pattern: /has no registered targets/ },
    ),
  ],
}

function classification(): Product['words'][number][] {
  const words = [
    'BothTeClPresent',
    'DuplicateContentLength',
    'MultipleContentLength',
    'BadContentLength',
    'BadTransferEncoding',
    'BadHeader',
    'UndefinedContentLengthSemantics',
    'UndefinedTransferEncodingSemantics',
    'NonCompliantHeader',
    'AmbiguousUri',
    'BadMethod',
    'BadUri',
    'BadVersion',
  ]
  return [
    ...words.map((reason) =>
      word(
        reason,
        ['bad_request'],
        'classification_reason: what about the request does not keep to RFC 9112 (desync mitigation).',
        REQUEST,
        {
          causes: /Te|Transfer/.test(reason)
            ? ['request-malformed-transfer-encoding']
            : /Length/.test(reason)
              ? ['request-without-length', 'request-malformed-transfer-encoding']
              : [],
        },
      ),
    ),
    word(
      'Severe',
      ['bad_request'],
      'classification: the request is dangerous to pass on; refused unless the mode is monitor.',
      REQUEST,
      { pattern: /(?<!\w)(?:Severe|Ambiguous)(?!\w)/ },
    ),
  ]
}

const FIELDS = /"(?:[^"\\]|\\.)*"|\S+/g

/** An entry of the access log: fields in their documented order. */
function takeApart(line: string): Parts | undefined {
  if (!/^(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT\S+ app\//.test(line)) return undefined
  const fields = (line.match(FIELDS) ?? []).map((field) => field.replace(/^"|"$/g, ''))
  const [, , , , , requestTime, targetTime, , status, targetStatus] = fields
  const reason = fields[24]
  const words = [`target_status_code ${targetStatus}`]
  if (requestTime === '-1') words.push('request_processing_time -1')
  else if (targetTime === '-1') words.push('target_processing_time -1')
  if (reason !== undefined && reason !== '-' && reason !== '') words.push(`error_reason ${reason}`)
  for (const field of fields.slice(27)) if (field !== '-' && field !== 'Acceptable') words.push(field)
  return { status, words }
}
