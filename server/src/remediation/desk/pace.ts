/** How many messages may be moved in a minute; null = as fast as it goes. Each process of a server has its own share. */
export interface Rates {
  readonly perServer: number | null
  readonly perMailbox: number | null
}

/** So many seconds' worth may go at once; what comes after waits. */
const BURST_SECONDS = 10

/** An allowance that grows with time, up to a burst. */
class Bucket {
  #left: number
  #at: number
  readonly #perMs: number
  readonly #most: number

  constructor(perMinute: number, now: number) {
    this.#perMs = perMinute / 60_000
    this.#most = Math.max(1, (perMinute * BURST_SECONDS) / 60)
    this.#left = this.#most
    this.#at = now
  }

  left(now: number): number {
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = Math.max(this.#at, now)
    return this.#left
  }

  take(n: number): void {
    this.#left -= n
  }

  /** Milliseconds until one more may go. */
  wait(now: number): number {
    const missing = 1 - this.left(now)
    return missing > 0 ? Math.ceil(missing / this.#perMs) : 0
  }

  isFull(now: number): boolean {
    return this.left(now) >= this.#most
  }
}

const MANY = 10_000

/**
 * Keeps what one process does to a mail server, and to each mailbox on it, below a rate. It never waits itself: who may not go on now leaves
 * the mailbox, and comes back when the time has come.
 */
export class Pace {
  readonly #rates: Rates
  readonly #servers = new Map<string, Bucket>()
  readonly #mailboxes = new Map<string, Bucket>()

  constructor(rates: Rates) {
    this.#rates = rates
  }

  /** How many of `wanted` messages may be moved now, and counts them. */
  take(server: string, mailbox: string, wanted: number, now: number): number {
    const buckets = this.#of(server, mailbox, now)
    const n = Math.max(0, Math.min(wanted, ...buckets.map((b) => Math.floor(b.left(now)))))
    for (const bucket of buckets) bucket.take(n)
    return n
  }

  /** Milliseconds until one more may be moved there; 0 = now. */
  wait(server: string, mailbox: string, now: number): number {
    return Math.max(0, ...this.#of(server, mailbox, now).map((b) => b.wait(now)))
  }

  #of(server: string, mailbox: string, now: number): Bucket[] {
    const { perServer, perMailbox } = this.#rates
    return [
      ...(perServer === null ? [] : [bucketIn(this.#servers, server, perServer, now)]),
      ...(perMailbox === null ? [] : [bucketIn(this.#mailboxes, `${server}\n${mailbox}`, perMailbox, now)]),
    ]
  }
}

function bucketIn(all: Map<string, Bucket>, key: string, perMinute: number, now: number): Bucket {
  const known = all.get(key)
  if (known) return known
  // A full one says nothing that a new one would not.
  if (all.size >= MANY) for (const [name, bucket] of all) if (bucket.isFull(now)) all.delete(name)
  const made = new Bucket(perMinute, now)
  all.set(key, made)
  return made
}
