/**
 * The name server of a run: DNS over UDP on loopback, with an A record for every hop, and at the mercy of faults. start.ts
 * starts it where a proxy resolves by name; anybody may ask it. It is the zone's only server and keeps no cache; what
 * libc's or systemd's would do in between is not simulated.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet } from 'dns-packet'
import type { DnsAnswer } from '../core/fault/effects/dns.js'
import type { Fault } from '../core/fault/fault.js'
import { sampleMs } from '../lib/distribution.js'
import { InvariantError } from '../lib/errors.js'
import { dnsNameOf } from '../scenario/hop_names.js'
import { HOST } from './address_state.js'
import { type Stop, startDeadline } from './clock.js'
import { formatAddress, type Site } from './site.js'

/** Where somebody may once have listened: hops bind 127.0.0.1 alone, and with it nobody else can bind their port. */
const RETIRED = '127.0.0.254'

/** Starts the name server and resolves with its host:port; it is closed by the site's scope. */
export async function startNameServer(site: Site): Promise<string> {
  const zone = zoneOf(site)
  const socket = createSocket('udp4')
  const delayed = new Set<Stop>()
  socket.on('message', (message, asker) => answer(message, asker))
  socket.on('error', (error) => site.broken(`the name server failed: ${error.message}`))
  socket.bind(0, HOST)
  await once(socket, 'listening')
  site.scope.add(async () => {
    for (const stop of delayed) stop()
    await new Promise<void>((resolve) => socket.close(resolve))
  })
  return formatAddress({ host: HOST, port: socket.address().port })

  function answer(message: Buffer, asker: RemoteInfo): void {
    const query = queryOf(message)
    if (!query) return
    const record = zone.get(query.name)
    if (!record) return send(socket, query, asker, { rcode: 'nxdomain' })
    const right: Answer = query.type === 'A' ? { address: HOST, ttlSeconds: record.ttlSeconds } : { rcode: 'no_data' }
    const fault = site.plan.take(record.hop, 'resolve', { now_ms: site.now() })
    if (!fault) return send(socket, query, asker, right)
    tell(site, record.hop, fault)
    const { effect } = fault
    switch (effect.type) {
      case 'stall':
        return
      case 'delay': {
        const stop = startDeadline(sampleMs(effect.by, site.plan.draws(fault.id)), () => {
          delayed.delete(stop)
          send(socket, query, asker, right)
        })
        return void delayed.add(stop)
      }
      case 'dns':
        if (effect.answer !== 'stale') return send(socket, query, asker, { rcode: effect.answer })
        return send(socket, query, asker, 'address' in right ? { ...right, address: RETIRED } : right)
      default:
        throw new InvariantError(`effect ${effect.type} is not one of a lookup`)
    }
  }
}

interface Entry {
  hop: string
  ttlSeconds: number
}

function zoneOf({ scenario }: Site): ReadonlyMap<string, Entry> {
  const hops = Object.entries(scenario.hops)
  return new Map(hops.map(([hop, config]) => [dnsNameOf(hop, config), { hop, ttlSeconds: config.dns.ttl / 1000 }]))
}

function tell(site: Site, hop: string, { id, effect }: Fault): void {
  site.journal({ event: 'fault', t: site.now(), fault: id, hop, at: 'resolve', effect: effect.type })
}

interface Query {
  id: number | undefined
  question: NonNullable<Packet['questions']>[number]
  /** In lower case: a resolver may write it as it likes. */
  name: string
  type: string
}

/** Undefined for what is no query: nobody waits for an answer to that. */
function queryOf(message: Buffer): Query | undefined {
  try {
    const { id, type, questions } = decode(message)
    const question = questions?.[0]
    return type === 'query' && question
      ? { id, question, name: question.name.toLowerCase(), type: question.type }
      : undefined
  } catch {
    return undefined
  }
}

type Answer = { address: string; ttlSeconds: number } | { rcode: Exclude<DnsAnswer, 'stale'> }

/** RFC 1035 section 4.1.1. */
const RCODES: Readonly<Record<Exclude<DnsAnswer, 'stale'>, number>> = {
  no_data: 0,
  servfail: 2,
  nxdomain: 3,
  refused: 5,
}

function send(socket: Socket, { id, question }: Query, asker: RemoteInfo, answer: Answer): void {
  const found = 'address' in answer
  const packet = encode({
    type: 'response',
    id,
    flags: AUTHORITATIVE_ANSWER | (found ? 0 : RCODES[answer.rcode]),
    questions: [question],
    answers: found ? [{ type: 'A', name: question.name, ttl: answer.ttlSeconds, data: answer.address }] : [],
  })
  socket.send(packet, asker.port, asker.address, () => {})
}
