/**
 * A port that drops SYNs, without privileges: a listener whose queue is full and that never accepts, so the kernel
 * drops every further SYN and whoever dials waits for its own timeout. address_state.ts opens and lifts it.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { InvariantError } from '../lib/errors.js'
import { wait, wallMs } from './clock.js'
import { acceptQueue } from './kernel_table.js'

/**
 * A thread of its own that sleeps between orders and never gets to the part of its loop that would accept. As text,
 * since a worker of a .ts file takes a second to start; it talks through `state` alone, since messages need the loop.
 */
const SLEEPER = `
const { createServer } = require('node:net')
const { workerData } = require('node:worker_threads')
const state = new Int32Array(workerData)
const say = (word) => { Atomics.store(state, 0, word); Atomics.notify(state, 0) }
function obey() {
  Atomics.wait(state, 0, 0)
  if (Atomics.load(state, 0) !== 1) return
  const server = createServer()
  server.on('error', () => say(5))
  server.listen({ host: '127.0.0.1', port: Atomics.load(state, 1), backlog: 1 }, () => {
    say(2)
    Atomics.wait(state, 0, 2)
    server.close()
    if (Atomics.load(state, 0) !== 3) return
    say(0)
    obey()
  })
}
say(0)
obey()
`
/** Words of `state[0]`, what the sleeper is to do or is; 0 is idle, 5 says that the port could not be had. */
const FILL = 1
const FULL = 2
const LIFT = 3
const END = 4
const STARTING = 6

/** A backlog of 1 holds one connection more than it says. */
const QUEUE = 2

/** Much longer than a thread takes to wake up on a busy machine. */
const PATIENCE_MS = 5000

export class BlackHole {
  private fillers: Socket[] = []
  private readonly exited: Promise<unknown>

  private constructor(
    private readonly port: number,
    private readonly worker: Worker,
    private readonly state: Int32Array,
  ) {
    this.exited = once(worker, 'exit')
  }

  /** The thread is there and sleeps; nothing has happened to the port. */
  static async prepare(port: number): Promise<BlackHole> {
    const shared = new SharedArrayBuffer(8)
    const state = new Int32Array(shared)
    state.set([STARTING, port])
    const worker = new Worker(SLEEPER, { eval: true, workerData: shared, execArgv: [] })
    await once(worker, 'online')
    // It sleeps where no signal wakes it: a process that is done must not wait for it.
    worker.unref()
    const hole = new BlackHole(port, worker, state)
    hole.leave(STARTING)
    return hole
  }

  /** From now on every SYN to the port is dropped. Nobody else may listen on it. */
  async fill(): Promise<void> {
    const until = wallMs() + PATIENCE_MS
    while (!(await this.filled(until))) this.lift()
  }

  /**
   * Resolves with true when those that wait in the queue are ours. A stranger that dialled in between is faster now and
   * then: it would wait for an answer, and one of ours for a place, for as long as the hole is there.
   */
  private async filled(until: number): Promise<boolean> {
    this.order(FILL)
    if (this.state[0] !== FULL) throw new InvariantError(`no black hole could be made of port ${this.port}`)
    // Dialled in this very turn: the first in the queue are ours, but for strangers in other processes.
    this.fillers = Array.from({ length: QUEUE }, () => connect(this.port, '127.0.0.1').on('error', () => {}))
    // A filler is connected for us before the last ACK of its handshake has put it into the queue, and on a busy machine
    // the kernel takes its time: a SYN between the two would be answered.
    while ((acceptQueue(this.port) ?? QUEUE) < QUEUE || !this.connected()) {
      if (wallMs() > until) throw new InvariantError(`the queue of port ${this.port} does not fill up`)
      const full = (acceptQueue(this.port) ?? 0) >= QUEUE
      await wait(1)
      if (full && !this.connected()) return false
    }
    return true
  }

  private connected(): boolean {
    return this.fillers.every((socket) => !socket.connecting)
  }

  /** The port is free again; a SYN that was dropped is sent anew by its kernel, within a second at first. */
  lift(): void {
    for (const filler of this.fillers) filler.destroy()
    this.order(LIFT)
  }

  async close(): Promise<void> {
    Atomics.store(this.state, 0, END)
    Atomics.notify(this.state, 0)
    for (const filler of this.fillers) filler.destroy()
    this.worker.ref()
    await this.exited
  }

  /** Waits for it, which takes as long as waking a thread: meanwhile nobody here can dial a port between two states. */
  private order(word: number): void {
    Atomics.store(this.state, 0, word)
    Atomics.notify(this.state, 0)
    this.leave(word)
  }

  private leave(word: number): void {
    if (Atomics.wait(this.state, 0, word, PATIENCE_MS) === 'timed-out') {
      throw new InvariantError(`the thread behind port ${this.port} does not wake up`)
    }
  }
}
