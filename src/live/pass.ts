/**
 * Carries the bytes between two sockets: back-pressure for back-pressure, FIN for FIN, RST for RST, each behind what was
 * sent before it. Firewall, relay and tunnel call it; what a link makes of bytes on their way is for `link` to say.
 */
import type { Socket } from 'node:net'
import type { Fault } from '../core/fault/fault.js'
import type { Direction, Ended, Fate, Passed } from '../core/link/crossing.js'
import { monotonicMs, type Stop, startDeadline } from './clock.js'
import { reset } from './wire.js'

export interface LinkOfOne {
  arrive(direction: Direction, bytes: number): Fate[]
  /** The fault took effect. */
  fired(fault: Fault): void
}

/** What is read of the bytes that pass, each way: it may hold some back, and give them later. */
export interface Readers {
  up(chunk: Buffer): Buffer
  down(chunk: Buffer): Buffer
}

/** @returns ends it: from then on neither side hears of the other */
export function pass(near: Socket, far: Socket, link?: LinkOfOne, readers?: Readers): () => void {
  const up = new Lane('up', near, far, link, readers?.up)
  const down = new Lane('down', far, near, link, readers?.down)
  up.open(down)
  down.open(up)
  return () => {
    up.stop()
    down.stop()
  }
}

/** What is on its way in one direction, in order. */
type Item = Bytes | { do: 'fin' } | { do: 'rst' } | Ended

interface Bytes {
  do: 'bytes'
  bytes: Buffer
  /** Monotonic. */
  atMs: number
  pace: Passed['pace']
}

/** As much as a delayed or silent link takes before its sender has to wait: about what two kernels would hold. */
const HELD_BYTES = 1024 * 1024
const HELD_ITEMS = 1000

class Lane {
  private readonly queue: Item[] = []
  private held = 0
  /** What is not due yet, and how to stop waiting for it. */
  private waitingFor: Bytes | undefined
  private stopWaiting: Stop = () => {}
  /** The next piece at a pace goes no sooner. */
  private freeMs = 0
  /** `ended`: its sender said FIN. `cut`: whatever else arrives is read and dropped. */
  private state: 'open' | 'ended' | 'cut' = 'open'
  private other!: Lane

  constructor(
    private readonly direction: Direction,
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly link: LinkOfOne | undefined,
    private readonly read: ((chunk: Buffer) => Buffer) | undefined,
  ) {}

  open(other: Lane): void {
    const { from, to } = this
    this.other = other
    from.on('data', (chunk: Buffer) => this.take(chunk))
    from.on('end', () => this.hearFin())
    from.on('error', () => this.hearRst())
    from.on('close', () => {
      if (!from.readableEnded) this.hearRst()
    })
    to.on('drain', () => this.move())
    to.on('close', () => this.stop())
    // It may be gone already: the other side was being dialled meanwhile.
    if (from.destroyed) return this.hearRst()
    from.resume()
  }

  private take(arrived: Buffer): void {
    if (this.state !== 'open') return
    const chunk = this.read ? this.read(arrived) : arrived
    if (chunk.length === 0) return
    if (!this.link) this.hold({ do: 'bytes', bytes: chunk, atMs: 0, pace: undefined })
    else this.cross(chunk, this.link)
    this.move()
  }

  private cross(chunk: Buffer, link: LinkOfOne): void {
    let start = 0
    for (const fate of link.arrive(this.direction, chunk.length)) {
      if (fate.do !== 'pass') {
        this.state = 'cut'
        this.queue.push(fate)
        return
      }
      if (fate.fault) link.fired(fate.fault)
      const bytes = chunk.subarray(start, start + fate.bytes)
      const atMs = fate.in_ms > 0 ? monotonicMs() + fate.in_ms : 0
      this.hold({ do: 'bytes', bytes, atMs, pace: fate.pace })
      start += fate.bytes
    }
  }

  private hold(item: Bytes): void {
    this.queue.push(item)
    this.held += item.bytes.length
  }

  private hearFin(): void {
    if (this.state !== 'open') return
    this.state = 'ended'
    this.queue.push({ do: 'fin' })
    this.move()
  }

  private hearRst(): void {
    if (this.state === 'cut') return
    this.state = 'cut'
    this.queue.push({ do: 'rst' })
    this.move()
  }

  /** Everything that is due, as far as the receiver takes it. */
  private move(): void {
    for (let head = this.queue[0]; head; head = this.queue[0]) {
      if (head.do === 'bytes') {
        if (!this.send(head)) break
      } else {
        this.queue.shift()
        this.end(head)
      }
    }
    const full = this.held >= HELD_BYTES || this.queue.length >= HELD_ITEMS || this.to.writableNeedDrain
    if (full && this.state === 'open') this.from.pause()
    else this.from.resume()
  }

  /** False when it has to wait. */
  private send(head: Bytes): boolean {
    if (this.waitingFor === head) return false
    const now = monotonicMs()
    const atMs = head.pace ? Math.max(head.atMs, this.freeMs) : head.atMs
    if (atMs > now) {
      this.wait(head, Math.ceil(atMs - now))
      return false
    }
    if (this.to.writableNeedDrain) return false
    const bytes = head.pace ? head.bytes.subarray(0, head.pace.bytes) : head.bytes
    head.bytes = head.bytes.subarray(bytes.length)
    if (head.bytes.length === 0) this.queue.shift()
    if (head.pace) this.freeMs = now + head.pace.every_ms
    this.held -= bytes.length
    this.to.write(bytes)
    return true
  }

  private wait(head: Bytes, ms: number): void {
    this.waitingFor = head
    if (ms === Number.POSITIVE_INFINITY) return
    this.stopWaiting = startDeadline(ms, () => {
      this.waitingFor = undefined
      this.move()
    })
  }

  private end(item: Exclude<Item, Bytes>): void {
    const { from, to, other } = this
    if (item.do === 'fin') return void to.end()
    if (item.do === 'rst') return void reset(to)
    let told = false
    const fired = () => {
      if (!told) this.link?.fired(item.fault)
      told = true
    }
    if (item.do === 'close') {
      fired()
      to.end()
      other.hearFin()
      other.state = 'cut'
      return
    }
    this.stop()
    other.stop()
    void reset(from, fired)
    void reset(to, fired)
  }

  /** Nothing of what is on its way arrives. */
  stop(): void {
    this.stopWaiting()
    this.state = 'cut'
    this.queue.length = 0
    this.held = 0
  }
}
