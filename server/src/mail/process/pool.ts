import type { ChildProcess } from 'node:child_process'
import { messageOf } from '../../base/pure.ts'
import type { DnsRecords, MailContext } from '../types.ts'
import { type Answer, readAnswer } from './answer.ts'
import { startChild } from './child.ts'
import { closedError, codeOf, PoisonError, startError } from './failures.ts'
import { cpuMs, hasProc, residentBytes, residentBytesByPs } from './memory.ts'
import type { WorkerSettings } from './serve.ts'

export type Job =
  | { readonly kind: 'parse'; readonly raw: Buffer; readonly context: MailContext }
  /** Headers only, for a message that could not be parsed. */
  | { readonly kind: 'headers'; readonly raw: Buffer; readonly why: string; readonly context: MailContext }
  | { readonly kind: 'render'; readonly raw: Buffer }
  /** What the program of these processes does with a message; `why`: it could not be parsed, so with its headers only. */
  | { readonly kind: 'work'; readonly raw: Buffer; readonly why: string | null }

/** Answers DNS questions as `dns.promises.resolve` does: records, or an error with `code`. */
export type Resolver = (name: string, type: string) => Promise<DnsRecords>

export interface PoolOptions {
  readonly workers: number
  /** Begin with one, and start others when it has all that it takes at a time: a start costs as much as many messages. */
  readonly grows: boolean
  /** Milliseconds of processor time without progress after which a child is killed; six times that by the clock. */
  readonly deadlineMs: number
  /** Resident size in MiB above which a child is killed. */
  readonly maxRssMb: number
  readonly settings: WorkerSettings
  /** Module that the children run; absent = they parse, and nothing else. */
  readonly program?: string | undefined
  readonly resolver: Resolver | null
  /** Folders that the children must not see. */
  readonly hide: readonly string[]
}

interface Task {
  readonly job: Job
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  /** It was in a process that failed, with others or for no known reason: it runs once more, alone, to show whose fault it was. */
  alone: boolean
}

interface Lane {
  child: ChildProcess
  ready: boolean
  readonly tasks: Map<number, Task>
  /** Pool clock at the last sign of progress. */
  progressAt: number
  /** Its processor time then; null until the next tick has looked. */
  cpuAtProgress: number | null
  bytes: number
  /** Why we killed it; null when it went by itself. */
  killedFor: string | null
  stderr: string
}

const TICK_MS = 25
/** Messages in one process at a time: it never waits for the pipe, and little is run again when it dies. */
const WINDOW = 4
/** …and when they wait for DNS between their steps. */
const WINDOW_WITH_DNS = 16
const WINDOW_BYTES = 1024 * 1024
const DNS_TIMEOUT_MS = 4_000
const START_TIMEOUT_MS = 60_000
const MAX_FAILED_STARTS = 3

/**
 * Child processes that each work on a few jobs at a time. A job that exceeds the deadline or the memory, or that crashes
 * its process, is rejected with PoisonError; the others of that process run again, one at a time, elsewhere.
 */
export class Pool {
  private readonly options: PoolOptions
  private readonly lanes = new Set<Lane>()
  private readonly queue: Task[] = []
  private readonly ticker: NodeJS.Timeout
  private readonly proc = hasProc()
  /** Milliseconds counted by ticks: when this process itself was stopped or busy, the children are not blamed. */
  private clock = 0
  private tickAt = performance.now()
  private lastId = 0
  /** Processes that there should be. */
  private wanted: number
  private failedStarts = 0
  private closed = false

  constructor(options: PoolOptions) {
    this.options = options
    this.wanted = options.grows ? 1 : options.workers
    for (let i = 0; i < this.wanted; i++) this.start()
    this.ticker = setInterval(() => this.tick(), TICK_MS)
    this.ticker.unref()
  }

  /** Result of the job, still to be checked; PoisonError when it cannot be done, AppError when the pool cannot work. */
  run(job: Job): Promise<unknown> {
    if (this.closed) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      this.queue.push({ job, resolve, reject, alone: false })
      this.dispatch()
      this.grow()
    })
  }

  private grow(): void {
    if (this.wanted >= this.options.workers || this.queue.length === 0) return
    const given = [...this.lanes].reduce((sum, lane) => sum + lane.tasks.size, 0)
    if (given + this.queue.length <= this.wanted * WINDOW) return
    this.wanted++
    this.replace()
  }

  /** Kills the children; what is unfinished is rejected. */
  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.ticker)
    this.rejectAll(closedError())
    const ended = [...this.lanes].map((lane) => new Promise((resolve) => lane.child.once('exit', resolve)))
    for (const lane of this.lanes) lane.child.kill('SIGKILL')
    await Promise.all(ended)
  }

  /** Process ids of the children, for those who watch them. */
  pids(): number[] {
    return [...this.lanes].flatMap((lane) => (lane.child.pid === undefined ? [] : [lane.child.pid]))
  }

  private start(): void {
    const heap = Math.max(64, Math.floor(this.options.maxRssMb * 0.75))
    const child = startChild(this.options.settings, heap, this.options.hide, this.options.program)
    const lane: Lane = {
      child,
      ready: false,
      tasks: new Map(),
      progressAt: this.clock,
      cpuAtProgress: null,
      bytes: 0,
      killedFor: null,
      stderr: '',
    }
    this.lanes.add(lane)
    child.on('message', (message) => this.receive(lane, message))
    child.stderr?.on('data', (data: Buffer) => {
      lane.stderr = `${lane.stderr}${data.toString('utf8', 0, 2_000)}`.slice(-2_000)
    })
    child.once('exit', (code, signal) => this.ended(lane, signal ?? `exit ${code}`))
    child.on('error', (error) => {
      lane.stderr += messageOf(error)
      // A process that could not even be made has no exit.
      if (child.pid === undefined) this.ended(lane, 'not started')
    })
  }

  private dispatch(): void {
    for (const lane of this.lanes) {
      if (!lane.ready || lane.killedFor !== null) continue
      while (this.queue.length > 0 && this.takes(lane, this.queue[0])) {
        const task = this.queue.shift()
        if (task !== undefined) this.give(lane, task)
      }
    }
  }

  private takes(lane: Lane, task: Task | undefined): boolean {
    if (task === undefined) return false
    if (lane.tasks.size === 0) return true
    const others = [...lane.tasks.values()]
    return (
      !task.alone &&
      !others.some((t) => t.alone) &&
      others.length < (this.options.resolver === null ? WINDOW : WINDOW_WITH_DNS) &&
      lane.bytes + task.job.raw.length <= WINDOW_BYTES
    )
  }

  private give(lane: Lane, task: Task): void {
    const id = ++this.lastId
    if (lane.tasks.size === 0) this.progress(lane)
    lane.tasks.set(id, task)
    lane.bytes += task.job.raw.length
    // A process that is gone reports it by its exit; the callback only keeps that from becoming an uncaught error.
    lane.child.send({ kind: 'job', id, job: task.job }, () => undefined)
  }

  private receive(lane: Lane, message: unknown): void {
    const answer = readAnswer(message)
    if (answer === null) this.kill(lane, 'the parser answered nonsense')
    else if (answer.kind === 'dns') this.lookUp(lane, answer)
    else if (answer.kind === 'ready') {
      lane.ready = true
      this.failedStarts = 0
    } else this.finish(lane, answer)
    this.dispatch()
  }

  private finish(lane: Lane, answer: Extract<Answer, { kind: 'done' | 'failed' }>): void {
    const task = lane.tasks.get(answer.id)
    if (task === undefined) {
      this.kill(lane, 'the parser answered nonsense')
      return
    }
    lane.tasks.delete(answer.id)
    lane.bytes -= task.job.raw.length
    this.progress(lane)
    if (answer.kind === 'done') task.resolve(answer.value)
    else task.reject(new PoisonError(`the parser failed: ${answer.why}`))
    this.renew(lane)
  }

  /** Memory that one large message made a process take is not held against the next one. */
  private renew(lane: Lane): void {
    if (lane.tasks.size > 0 || lane.child.pid === undefined || !this.proc) return
    const rss = residentBytes(lane.child.pid) ?? 0
    if (rss > (this.options.maxRssMb * 1024 * 1024) / 2) this.kill(lane, 'renewed')
  }

  private lookUp(lane: Lane, question: { id: number; name: string; type: string }): void {
    const { resolver } = this.options
    const answer = (part: { records?: DnsRecords; code?: string }) =>
      lane.child.send({ kind: 'dns', id: question.id, ...part }, () => undefined)
    if (resolver === null) {
      answer({ code: 'EREFUSED' })
      return
    }
    const timer = setTimeout(() => answer({ code: 'ETIMEOUT' }), DNS_TIMEOUT_MS)
    resolver(question.name, question.type)
      .then((records) => answer({ records }))
      .catch((error: unknown) => answer({ code: codeOf(error) }))
      .finally(() => clearTimeout(timer))
  }

  private tick(): void {
    const now = performance.now()
    this.clock += Math.min(now - this.tickAt, 4 * TICK_MS)
    this.tickAt = now
    for (const lane of this.lanes) {
      if (lane.killedFor !== null) continue
      const waited = this.clock - lane.progressAt
      if (!lane.ready && waited > START_TIMEOUT_MS) this.kill(lane, 'it did not start in time')
      if (lane.tasks.size === 0) continue
      if (this.late(lane, waited)) this.kill(lane, `parsing took longer than ${this.options.deadlineMs} ms`)
      else this.watchMemory(lane)
    }
  }

  private progress(lane: Lane): void {
    lane.progressAt = this.clock
    lane.cpuAtProgress = null
  }

  /** By processor time, so that a busy machine does not condemn messages that had no turn; the clock has the last word. */
  private late(lane: Lane, waited: number): boolean {
    const { deadlineMs } = this.options
    const { pid } = lane.child
    const cpu = this.proc && pid !== undefined ? cpuMs(pid) : null
    if (cpu === null) return waited > deadlineMs
    lane.cpuAtProgress ??= cpu
    return cpu - lane.cpuAtProgress > deadlineMs || waited > 6 * deadlineMs
  }

  private watchMemory(lane: Lane): void {
    const { pid } = lane.child
    if (pid === undefined) return
    const judge = (rss: number | null) => {
      if (rss === null || rss <= this.options.maxRssMb * 1024 * 1024 || lane.tasks.size === 0) return
      this.kill(lane, `parsing took more than ${this.options.maxRssMb} MB of memory`)
    }
    if (this.proc) judge(residentBytes(pid))
    else if (Math.floor(this.clock / TICK_MS) % 20 === 0) void residentBytesByPs(pid).then(judge)
  }

  private kill(lane: Lane, why: string): void {
    lane.killedFor ??= why
    lane.child.kill('SIGKILL')
  }

  private ended(lane: Lane, how: string): void {
    if (!this.lanes.delete(lane) || this.closed) return
    const heap = /heap out of memory|Allocation failed/i.test(lane.stderr)
    const why = lane.killedFor ?? (heap ? 'the parser ran out of memory' : `the parser's process died (${how})`)
    const tasks = [...lane.tasks.values()]
    const explained = lane.killedFor !== null || heap
    for (const task of tasks) {
      // Alone in a process that we had to stop, or alone for the second time in one that died: it is the culprit.
      if (task.alone || (tasks.length === 1 && explained)) task.reject(new PoisonError(why))
      else this.queue.unshift(Object.assign(task, { alone: true }))
    }
    // A broken installation exits by itself; being killed is weather, unless it never ends.
    if (!lane.ready) this.failedStarts += how.startsWith('SIG') ? 0.25 : 1
    if (!lane.ready && this.failedStarts >= MAX_FAILED_STARTS) this.rejectAll(startError(lane.stderr || why))
    // After failed starts others wait: a broken installation must not spin.
    // (Not unref'd: somebody waits, and a process with nothing else to do would end before its answer.)
    setTimeout(() => this.replace(), lane.ready ? 0 : 200 * this.failedStarts)
  }

  private replace(): void {
    if (this.closed) return
    while (this.lanes.size < this.wanted) this.start()
    this.dispatch()
  }

  private rejectAll(error: Error): void {
    for (const task of this.queue.splice(0)) task.reject(error)
    for (const lane of this.lanes) {
      for (const task of lane.tasks.values()) task.reject(error)
      lane.tasks.clear()
      lane.bytes = 0
    }
  }
}
