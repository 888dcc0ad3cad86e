import type { CONFIDENCES, FEED_KINDS } from './options.ts'
import type { PackedTable } from './table.ts'

export type FeedKind = (typeof FEED_KINDS)[number]
export type Confidence = (typeof CONFIDENCES)[number]

/** What a signal tells of the feed that it rests on. */
export interface FeedFacts {
  readonly name: string
  readonly kind: FeedKind
  readonly confidence: Confidence
  readonly threat: 'malware' | 'phish' | 'spam'
  /** ISO; when the file that was read was last changed. */
  readonly fileTime: string
}

export interface FeedHit {
  readonly feed: FeedFacts
  /** In the form in which entries are compared. */
  readonly entry: string
  /** ISO; as the feed says, else when this process first saw it there. */
  readonly since: string
}

/** What the analysis of feeds asks; answers come from memory. */
export interface FeedLookup {
  /** Nothing needs to be asked: no feed is there. */
  readonly empty: boolean
  /** Pages: a canonical URL. */
  url(canonical: string): FeedHit[]
  /** A host name or address of a link or sender, and the domains above. */
  host(host: string): FeedHit[]
  ip(address: string): FeedHit[]
  file(sha256: string): FeedHit[]
}

/** A feed that was read, for a process that may not read files. */
export interface PackedFeed {
  readonly facts: FeedFacts
  readonly table: PackedTable
  /** Sizes of networks that occur, `4/24`. */
  readonly sizes: readonly string[]
}

export type FeedState =
  /** Read, and as the file is now. */
  | 'ok'
  /** Read, but older than its `maxAgeHours`. */
  | 'old'
  /** What is there now cannot be used; the last good one is, where there was one. */
  | 'failed'
  | 'loading'

export interface FeedStatus {
  readonly name: string
  readonly kind: FeedKind
  readonly path: string
  readonly confidence: Confidence
  readonly state: FeedState
  readonly entries: number
  /** Lines that hold no entry of this kind. */
  readonly refused: number
  readonly fileTime: string | null
  readonly loadedAt: string | null
  readonly lastError: { readonly at: string; readonly message: string } | null
  /** Times that something was found in it, by this process. */
  readonly hits: number
  /** Bytes of memory. */
  readonly memory: number
}
