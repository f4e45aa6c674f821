/** The kinds of hops a scenario can build its path from, and what each can be told. */
import { z } from 'zod'
import type { TriggerName } from '../core/fault/triggers/index.js'
import { assignments } from '../core/gateway/assignments/index.js'
import { usersSchema } from '../core/gateway/credentials.js'
import { exitsSchema } from '../core/gateway/exits.js'
import { retryQueueSchema } from '../core/gateway/retry_queue.js'
import { gatewayLimitsSchema, gatewayTimeoutsSchema } from '../core/gateway/settings.js'
import { strategies } from '../core/gateway/strategies/index.js'
import { capacitySchema } from '../core/origin/capacity.js'
import { connectionLimitSchema } from '../core/origin/connection_limit.js'
import { requestFramingSchema } from '../core/origin/framing.js'
import { operationsSchema } from '../core/origin/operations.js'
import { responseSchema } from '../core/origin/response.js'
import { balancers } from '../core/proxy/balancers/index.js'
import { cacheSchema } from '../core/proxy/cache.js'
import { nextUpstreamConditions } from '../core/proxy/forward.js'
import { forwards } from '../core/proxy/forwards/index.js'
import { healthChecks } from '../core/proxy/health_checks/index.js'
import { keepaliveSchema } from '../core/proxy/keepalive.js'
import { passiveHealth } from '../core/proxy/passive_health/index.js'
import { queueSchema } from '../core/proxy/pending.js'
import { rateLimitSchema } from '../core/proxy/rate_limit.js'
import { resolverSchema } from '../core/proxy/resolver.js'
import { serverSchema } from '../core/proxy/server.js'
import { timeoutsSchema } from '../core/proxy/timeouts.js'
import { dialTlsSchema, serverTls } from '../core/tls.js'
import { tlsProfileName } from '../core/tls_profiles.js'
import { bansSchema, ruleSchema } from '../core/waf/rule.js'
import { dialectNames } from '../dialects/index.js'
import { path } from '../lib/http_text.js'
import { duration, size } from '../lib/quantity.js'
import { described, kindSchema } from '../lib/registry.js'
import { nginxConfSchema } from './nginx_conf.js'
import { presetNames } from './presets/index.js'
import { sourceAddress } from './source_address.js'

const port = z.int().min(1).max(65535).meta({ description: 'A fixed port on 127.0.0.1; any free one if absent' })

/** Whole seconds are all that a DNS record can say. */
const dns = z
  .strictObject({
    name: z
      .string()
      .regex(/^(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*$/, 'expected a host name in lower case, such as app.test')
      .optional()
      .meta({ description: 'The name that resolves to its address; the hop’s own with .test behind it if absent' }),
    ttl: duration()
      .refine((ms) => ms % 1000 === 0, 'expected whole seconds, such as 0s or 5s')
      .prefault('60s')
      .meta({ description: 'How long an answer may be kept' }),
  })
  .prefault({})
  .meta({ description: 'What the name server knows of it; a proxy asks where it has a resolver' })

/** The next hop: its name, or more about the edge, and about the server that it is to a proxy. */
export const edgeSchema = z.union([
  z.string().transform((hop) => ({ ...serverSchema.parse({}), hop, scheme: undefined, port: undefined })),
  serverSchema.extend({
    hop: z.string(),
    scheme: z.enum(['http', 'https']).optional().meta({ description: 'What to speak; what the hop speaks if absent' }),
    port: z
      .union([z.int().min(1).max(65535), z.string()])
      .optional()
      .meta({ description: 'Another port than the hop’s: a number, or the hop that listens there' }),
  }),
])

const origin = {
  summary: 'answers every request in the same way, unless a fault says otherwise',
  triggers: [
    'resolve',
    'connect',
    'accept',
    'client_hello',
    'handshake',
    'request_head',
    'request_body',
    'response_head',
    'response_body',
    'response_end',
    'idle',
  ],
  schema: z.strictObject({
    kind: z.literal('origin'),
    port: port.optional(),
    dns,
    socket: z
      .boolean()
      .default(false)
      .meta({ description: 'Listen at a unix socket of the run’s own, and at no port' }),
    tls: serverTls.prefault(false).meta({ description: 'Speak TLS, with a certificate of the run’s own CA' }),
    response: responseSchema.prefault({}),
    connection_limit: connectionLimitSchema
      .optional()
      .meta({ description: 'How many connections one address may have open; no limit if absent' }),
    capacity: capacitySchema.optional().meta({ description: 'What it can do at once; without, it answers right away' }),
    request_framing: requestFramingSchema
      .prefault({})
      .meta({ description: 'How strict it is about the framing of requests' }),
    operations: operationsSchema
      .optional()
      .meta({ description: 'Count how often the operation of each key was applied' }),
    websocket: z.boolean().default(false).meta({ description: 'Take WebSocket upgrades, and echo every message' }),
    keep_body: size().optional().meta({
      description: 'Keep so much of each request body in the journal, as text; nothing if absent, 16KB under rig()',
    }),
    health: path()
      .default('/health')
      .meta({ description: 'The path that answers 200 apart from the work: no fault of a request acts on it' }),
  }),
} as const satisfies HopKind

const waf = {
  summary: 'a firewall: reads the ClientHello and requests, acts by its rules, and passes on the bytes unchanged',
  triggers: ['resolve', 'connect', 'accept', 'client_hello'],
  schema: z.strictObject({
    kind: z.literal('waf'),
    port: port.optional(),
    dns,
    to: z.string().meta({ description: 'The hop behind it' }),
    tls: serverTls.prefault(false).meta({
      description:
        'End TLS, with a certificate for the hop behind it, and so read HTTP; without, TLS passes through unread',
    }),
    rules: z
      .array(ruleSchema)
      .default([])
      .meta({ description: 'In this order: the first that matches acts; where none does, all passes' }),
    bans: bansSchema.optional().meta({ description: 'What hits of rules lead to; nothing further if absent' }),
  }),
} as const satisfies HopKind

const proxy = {
  summary: 'a reverse proxy that balances over its upstreams and fails over to the next',
  triggers: ['resolve', 'connect'],
  schema: z.strictObject({
    kind: z.literal('proxy'),
    port: port.optional(),
    dns,
    tls: serverTls.prefault(false).meta({ description: 'Speak TLS towards clients' }),
    nginx: nginxConfSchema
      .optional()
      .meta({ description: 'An nginx configuration that says what stands below, `to` first, instead of this file' }),
    to: z.array(edgeSchema).min(1).meta({ description: 'The upstream servers' }),
    source: sourceAddress(),
    upstream_tls: dialTlsSchema.prefault({}).meta({ description: 'How it speaks TLS to upstreams that do' }),
    preset: z.enum(presetNames).optional().meta({
      description: 'A product whose ways it has wherever this file says nothing else; the defaults told here if absent',
    }),
    balance: kindSchema(balancers, 'balancer').prefault('round_robin'),
    forwarding: kindSchema(forwards, 'forwarding').prefault('nginx').meta({
      description: 'Whose rules say what moves a request on to another server, and when',
    }),
    passive_health: kindSchema(passiveHealth, 'passive health').prefault('nginx').meta({
      description: 'What it makes of how its tries at a server end',
    }),
    next_upstream: z
      .union([z.literal('off').transform(() => []), z.array(z.enum(nextUpstreamConditions))])
      .prefault(['error', 'timeout'])
      .meta({ description: 'Which failures move a request on to the next server, as in nginx' }),
    tries: z.int().min(0).default(0).meta({ description: 'Tries in all; 0: one per server' }),
    next_upstream_timeout: duration()
      .optional()
      .meta({ description: 'After so long a request moves on no more; no limit if absent' }),
    timeouts: timeoutsSchema.prefault({}),
    keepalive: keepaliveSchema.prefault({}).meta({ description: 'Connections to upstreams that are used again' }),
    queue: queueSchema
      .optional()
      .meta({ description: 'Requests that wait while every server has as many as max_conns says; none if absent' }),
    health_check: kindSchema(healthChecks, 'health check').optional().meta({
      description:
        'Find out apart from requests whether servers are well, from the load’s start on; no checks if absent',
    }),
    rate_limit: rateLimitSchema.optional().meta({ description: 'Requests beyond it are refused; no limit if absent' }),
    cache: cacheSchema.optional().meta({ description: 'Keep responses to GET, and answer from them; none if absent' }),
    dialect: z
      .enum(dialectNames)
      .default('rfc9209')
      .meta({ description: 'Whose statuses, pages and counting of seconds it has' }),
    server_header: z
      .string()
      .regex(/^[!-~]([ -~]*[!-~])?$/, 'expected printable ASCII, such as edge-example')
      .optional()
      .meta({ description: 'What its Server header says, with dialect: edge; edge if absent' }),
    under_test: z
      .boolean()
      .default(false)
      .meta({ description: 'The one that --proxy replaces; the first proxy if none says so' }),
    resolver: resolverSchema.optional().meta({
      description: 'Find upstreams by name, at the run’s own name server; without it their addresses are known',
    }),
  }),
} as const satisfies HopKind

const gateway = {
  summary: 'a forward proxy: absolute-form requests and CONNECT tunnels to the hops that it may be asked for',
  triggers: ['resolve', 'connect'],
  schema: z
    .strictObject({
      kind: z.literal('gateway'),
      port: port.optional(),
      dns,
      to: z.array(z.string()).min(1).meta({
        description: 'The hops it may be asked for: by name at 80, 443 or their own port, or by address and port',
      }),
      users: usersSchema.default([]).meta({ description: 'Who may use it, with Basic credentials; everybody if none' }),
      ports: z
        .array(z.int().min(1).max(65535))
        .min(1)
        .optional()
        .meta({ description: 'Ports that may be asked for; any if absent' }),
      limits: gatewayLimitsSchema.prefault({}),
      queue: queueSchema
        .optional()
        .meta({ description: 'Requests and tunnels that wait for room within the limits; none if absent' }),
      timeouts: gatewayTimeoutsSchema.prefault({}),
      keepalive: keepaliveSchema.prefault({}).meta({ description: 'Connections of requests in absolute form' }),
      upstream_tls: dialTlsSchema.prefault({}).meta({ description: 'How it speaks TLS to an https destination' }),
      exits: exitsSchema.optional().meta({
        description: 'The addresses that it dials from; whatever the kernel takes if absent',
      }),
      assign: kindSchema(assignments, 'assignment').prefault('round_robin'),
      profiles: z.array(tlsProfileName).default([]).meta({
        description:
          'TLS profiles that it may speak to an https destination, the usual one first; upstream_tls if none',
      }),
      strategy: kindSchema(strategies, 'strategy').prefault('none'),
      retry_queue: retryQueueSchema.prefault({}),
      resolver: resolverSchema.optional().meta({
        description: 'Find destinations by name, at the run’s own name server; without it their addresses are known',
      }),
    })
    .superRefine(({ profiles, upstream_tls }, context) => {
      if (profiles.length === 0) return
      for (const key of ['profile', 'min_version', 'max_version', 'ciphers'] as const) {
        if (upstream_tls[key] === undefined) continue
        const message = `profiles say what is offered: take out ${key}, or profiles`
        context.addIssue({ code: 'custom', path: ['upstream_tls', key], message })
      }
    }),
} as const satisfies HopKind

export interface HopKind {
  summary: string
  /** The moments at which a fault can act on it. */
  triggers: readonly TriggerName[]
  schema: z.ZodObject
}

export const hopKinds = { origin, waf, proxy, gateway }

export const hopSchema = z.discriminatedUnion('kind', [
  described(origin),
  described(waf),
  described(proxy),
  described(gateway),
])

export type Hop = z.output<typeof hopSchema>
export type OriginHop = z.output<typeof origin.schema>
export type WafHop = z.output<typeof waf.schema>
export type ProxyHop = z.output<typeof proxy.schema>
export type GatewayHop = z.output<typeof gateway.schema>

/** The moments at which a fault can act on a link, such as `lb->app`. */
export const linkTriggers: readonly TriggerName[] = ['connect', 'wire']
