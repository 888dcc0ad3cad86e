import { stat } from 'node:fs/promises'
import type { Log, Metrics } from '../../base/index.ts'
import { type Clock, messageOf, systemClock } from '../../base/pure.ts'
import { type Limits, type Loaded, loadFeed, type Stamp, sameStamp, stampFrom } from './file.ts'
import { hostKeys, ipKeys, urlKeys } from './keys.ts'
import type { FeedFile } from './options.ts'
import { HashTable } from './table.ts'
import type { FeedFacts, FeedHit, FeedLookup, FeedStatus, PackedFeed } from './types.ts'

export interface FeedsDeps {
  readonly files: readonly FeedFile[]
  readonly limits: Limits
  readonly log: Pick<Log, 'warn' | 'info'>
  readonly metrics?: Metrics
  readonly clock?: Clock
}

/** The feeds of this process: everybody's, as the machine's administrator configured them. */
export interface Feeds {
  readonly lookup: FeedLookup
  /** The same answers, not counted as hits: for looking at mail again. */
  readonly look: FeedLookup
  statuses(): FeedStatus[]
  /** Those that were read, for another process; see `unpackFeeds`. */
  packed(): PackedFeed[]
  /** Whether a feed lists this entry, in the form in which a signal tells it; null: no such feed is read here. */
  lists(feed: string, entry: string): boolean | null
  /** Calls it after each `check` that has read something new, and once for what has been read by now. */
  onRead(listener: () => void): void
  /** Reads what has changed, one file after another. Never rejects: what cannot be used is told, and the last good one stays. */
  check(): Promise<void>
  /** Looks again and again, until `stop`. */
  watch(everyMs: number): void
  stop(): void
}

export const NO_FEEDS: FeedLookup = { empty: true, url: () => [], host: () => [], ip: () => [], file: () => [] }

export function createFeeds(deps: FeedsDeps): Feeds {
  const all = deps.files.map((file) => new Feed(file, deps))
  figures(all, deps.metrics)
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  const listeners: (() => void)[] = []
  const check = (): Promise<void> => {
    running ??= (async () => {
      let read = false
      for (const feed of all) read = (await feed.check()) || read
      if (read) for (const listener of listeners) listener()
    })().finally(() => {
      running = null
    })
    return running
  }
  return {
    lookup: all.length === 0 ? NO_FEEDS : lookupIn(all),
    look: all.length === 0 ? NO_FEEDS : lookupIn(all.map((feed) => feed.quietly())),
    lists: (name, entry) => all.find((feed) => feed.file.name === name)?.lists(entry) ?? null,
    onRead: (listener) => {
      listeners.push(listener)
      if (all.some((feed) => feed.packed() !== null)) listener()
    },
    statuses: () => all.map((f) => f.status()),
    packed: () => all.flatMap((f) => f.packed() ?? []),
    check,
    watch: (everyMs) => {
      timer = setInterval(() => void check(), everyMs)
      timer.unref()
    },
    stop: () => clearInterval(timer),
  }
}

/** Answers as the process did that has read them. */
export function unpackFeeds(packed: readonly PackedFeed[]): FeedLookup {
  const all = packed.map(({ facts, table, sizes }): Listing => {
    const entries = HashTable.unpack(table)
    return { kind: facts.kind, sizes: new Set(sizes), find: (keys) => firstOf(entries, facts, keys) }
  })
  return all.length === 0 ? NO_FEEDS : lookupIn(all)
}

interface Listing {
  readonly kind: FeedFile['kind']
  readonly sizes: ReadonlySet<string>
  find(keys: readonly string[]): FeedHit[]
}

/** The first of these that it has: keys come from the narrowest on. */
function firstOf(table: HashTable, feed: FeedFacts, keys: readonly string[]): FeedHit[] {
  for (const entry of keys) {
    const since = table.get(entry)
    if (since !== null) return [{ feed, entry, since: new Date(since * 1000).toISOString() }]
  }
  return []
}

const lookupIn = (all: readonly Listing[]): FeedLookup => {
  const of = (kind: FeedFile['kind'], keys: (feed: Listing) => readonly string[]): FeedHit[] =>
    all.filter((f) => f.kind === kind).flatMap((feed) => feed.find(keys(feed)))
  return {
    empty: false,
    url: (canonical) => of('url', () => urlKeys(canonical)),
    host: (host) => of('domain', () => hostKeys(host)),
    ip: (address) => of('ip', (feed) => ipKeys(address, feed.sizes)),
    file: (sha256) => of('sha256', () => [sha256.toLowerCase()]),
  }
}

const THREATS = { url: 'phish', domain: 'phish', ip: 'spam', sha256: 'malware' } as const

class Feed implements Listing {
  readonly file: FeedFile
  readonly #deps: FeedsDeps
  readonly #clock: Clock
  #loaded: Loaded | null = null
  #facts: FeedFacts | null = null
  #loadedAt: string | null = null
  /** What was looked at last, good or not: it is not read twice. */
  #seen: Stamp | null = null
  #error: FeedStatus['lastError'] = null
  #hits = 0

  constructor(file: FeedFile, deps: FeedsDeps) {
    this.file = file
    this.#deps = deps
    this.#clock = deps.clock ?? systemClock
  }

  get kind(): FeedFile['kind'] {
    return this.file.kind
  }

  get sizes(): ReadonlySet<string> {
    return this.#loaded?.sizes ?? new Set()
  }

  find(keys: readonly string[]): FeedHit[] {
    const found = this.#find(keys)
    this.#hits += found.length
    return found
  }

  #find(keys: readonly string[]): FeedHit[] {
    return this.#loaded === null || this.#facts === null ? [] : firstOf(this.#loaded.table, this.#facts, keys)
  }

  lists(entry: string): boolean | null {
    return this.#loaded === null ? null : this.#loaded.table.get(entry) !== null
  }

  /** Answers without counting. */
  quietly(): Listing {
    const sizes = () => this.sizes
    return {
      kind: this.kind,
      get sizes() {
        return sizes()
      },
      find: (keys) => this.#find(keys),
    }
  }

  packed(): PackedFeed | null {
    if (this.#loaded === null || this.#facts === null) return null
    const { table, sizes } = this.#loaded
    return { facts: this.#facts, table: table.pack(), sizes: [...sizes] }
  }

  /** True when it has been read anew. */
  async check(): Promise<boolean> {
    const now = this.#clock.now()
    const stamp = await statOf(this.file.path)
    if (stamp !== null && this.#seen !== null && sameStamp(stamp, this.#seen)) return false
    // One that was changed while we read it, or is missing, is looked at again next time.
    this.#seen = null
    try {
      const loaded = await loadFeed(this.file, this.#loaded?.table ?? null, this.#deps.limits, now)
      this.#loaded = loaded
      this.#seen = loaded.stamp
      this.#facts = this.#factsOf(loaded.stamp)
      this.#loadedAt = now.toISOString()
      this.#error = null
      const { table, refused } = loaded
      this.#deps.log.info({ feed: this.file.name, entries: table.size, refused }, 'a feed was read')
      return true
    } catch (error) {
      this.#failed(messageOf(error), now)
      this.#seen = stamp
      return false
    }
  }

  #failed(message: string, now: Date): void {
    const told = this.#error?.message === message
    this.#error = { at: now.toISOString(), message: message.slice(0, 300) }
    if (told) return
    const about = { feed: this.file.name, path: this.file.path, reason: message }
    this.#deps.log.warn(
      about,
      `a feed cannot be used; ${this.#loaded ? 'the last good one stays' : 'mail is judged without it'}`,
    )
  }

  #factsOf(stamp: Stamp): FeedFacts {
    const { name, kind, confidence = 'medium', threat = THREATS[kind] } = this.file
    return { name, kind, confidence, threat, fileTime: new Date(stamp.mtimeMs).toISOString() }
  }

  status(): FeedStatus {
    const { name, kind, path, confidence = 'medium' } = this.file
    return {
      ...{ name, kind, path, confidence, state: this.#state(), hits: this.#hits },
      entries: this.#loaded?.table.size ?? 0,
      refused: this.#loaded?.refused ?? 0,
      fileTime: this.#facts?.fileTime ?? null,
      loadedAt: this.#loadedAt,
      lastError: this.#error,
      memory: this.#loaded?.table.bytes ?? 0,
    }
  }

  #state(): FeedStatus['state'] {
    if (this.#error !== null) return 'failed'
    if (this.#loaded === null) return 'loading'
    const { maxAgeHours } = this.file
    const age = this.#clock.now().getTime() - this.#loaded.stamp.mtimeMs
    return maxAgeHours !== undefined && age > maxAgeHours * 3_600_000 ? 'old' : 'ok'
  }
}

async function statOf(path: string): Promise<Stamp | null> {
  try {
    return stampFrom(await stat(path))
  } catch {
    return null
  }
}

function figures(all: readonly Feed[], metrics: Metrics | undefined): void {
  if (metrics === undefined || all.length === 0) return
  const gauge = (name: string, help: string, of: (status: FeedStatus) => number) =>
    metrics.gauges(name, help, 'feed', () => new Map(all.map((f) => [f.file.name, of(f.status())])))
  gauge('recourse_feed_up', 'Whether a feed is read and as new as it should be.', (s) => (s.state === 'ok' ? 1 : 0))
  gauge('recourse_feed_entries', 'Entries of a feed.', (s) => s.entries)
  gauge('recourse_feed_time_seconds', 'When the file of a feed was last changed.', (s) =>
    s.fileTime === null ? 0 : Date.parse(s.fileTime) / 1000,
  )
  gauge('recourse_feed_hits', 'Times that something was found in a feed since the start.', (s) => s.hits)
}
