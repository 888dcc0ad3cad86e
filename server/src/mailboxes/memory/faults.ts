import { setTimeout as sleep } from 'node:timers/promises'
import { ProviderError, type ProviderErrorCode } from '../provider.ts'

export type MemoryCallName =
  | 'open'
  | 'folders'
  | 'special'
  | 'hold'
  | 'position'
  | 'createFolder'
  | 'find'
  | 'state'
  | 'read'
  | 'move'
  | 'settle'
  | 'append'
  | 'setFlags'
  | 'destroy'
  | 'proveWayBack'

export interface MemoryCall {
  readonly name: MemoryCallName
  readonly login: string
  readonly folder?: string
  readonly target?: string
  readonly uids?: readonly number[]
  /** The how manieth call of this name on this mailbox, from 1. */
  readonly nth: number
}

/** What goes wrong in one call. Deterministic: the test says what happens, nothing is drawn by chance here. */
export interface Fault {
  /** The server takes its time. */
  readonly delayMs?: number
  /** Runs before the call's effect: a user who acts in between. */
  readonly before?: (call: MemoryCall) => void
  /** Runs after the effect, before the answer. */
  readonly after?: (call: MemoryCall) => void
  /** Fails before any effect. */
  readonly error?: ProviderErrorCode
  /** `move` only: the server is killed in it. `done` are moved, the next `both` are in both folders; then `unknown`. */
  readonly partial?: {
    readonly done: number
    readonly both: number
    /** The copies in both folders have lost their keywords, as an unfinished Maildir step does (A31). */
    readonly spoilt?: boolean
    /** Those copies show up under server ids of their own, as files of such a step do. */
    readonly strangers?: boolean
  }
  /** `move`, `append`, `setFlags`, `destroy`: it happens, the answer is lost: `unknown`. */
  readonly lostReply?: boolean
  /** Not in the proof of the way back: only in what is asked for in earnest. One-off faults only. */
  readonly inEarnest?: boolean
  /** Only a move into one of our holds or out of it: of others cut off in half nobody can tell whose the copies are. One-off faults only. */
  readonly heldOnly?: boolean
  /** `move` only: the answer is lost, and the effect comes only after the mailbox was looked at so many times (A19). */
  readonly late?: number
  /** With `late`: it comes only after so many looks, although everything seemed to rest when the doubt was settled. */
  readonly stuck?: boolean
}

export type FaultPlan = (call: MemoryCall) => Fault | undefined

const unknown = (call: MemoryCall) =>
  new ProviderError('unknown', `the connection was lost during ${call.name} on ${call.login}: it may have happened`)

/** The faults of a provider: a plan (a function) and one-off faults that tests add as they go. */
export class Faults {
  readonly #plan: FaultPlan | undefined
  readonly #once: { name: MemoryCallName; login: string | null; fault: Fault }[]
  readonly #counts: Map<string, number>
  readonly #proof: boolean

  constructor(plan?: FaultPlan, earnest?: Faults) {
    this.#plan = plan
    this.#once = earnest ? earnest.#once : []
    this.#counts = earnest ? earnest.#counts : new Map()
    this.#proof = earnest !== undefined
  }

  /** The same faults as the proof of the way back meets them. */
  inProof(): Faults {
    return new Faults(this.#plan, this)
  }

  once(name: MemoryCallName, fault: Fault, login?: string): void {
    this.#once.push({ name, login: login ?? null, fault })
  }

  /** Counts the call, applies what comes before the effect and gives back the rest. */
  async enter(
    name: MemoryCallName,
    login: string,
    more: Omit<MemoryCall, 'name' | 'login' | 'nth'> = {},
  ): Promise<{ call: MemoryCall; fault: Fault }> {
    const key = `${name} ${login}`
    const nth = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, nth)
    const call: MemoryCall = { name, login, nth, ...more }
    const held = [more.folder, more.target].some((path) => path?.startsWith('Recourse-Hold/'))
    const mine = (fault: Fault) => !(this.#proof && fault.inEarnest) && (held || !fault.heldOnly)
    const at = this.#once.findIndex(
      (one) => one.name === name && (one.login === null || one.login === login) && mine(one.fault),
    )
    const fault = (at >= 0 ? this.#once.splice(at, 1)[0]?.fault : undefined) ?? this.#plan?.(call) ?? {}
    if (fault.delayMs) await sleep(fault.delayMs)
    fault.before?.(call)
    if (fault.error) throw new ProviderError(fault.error, `${fault.error} (simulated) in ${name} on ${login}`)
    return { call, fault }
  }

  /** Applies what comes after the effect. */
  leave(entered: { call: MemoryCall; fault: Fault }): void {
    entered.fault.after?.(entered.call)
    const { lostReply, partial, late } = entered.fault
    if (lostReply || partial || late !== undefined) throw unknown(entered.call)
  }
}
