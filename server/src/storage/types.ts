import type { BlobKey, TenantId } from '../base/index.ts'
import type { Db, Tx } from './schema.ts'

/** What storage needs of a logger; pino's fits. */
export interface StorageLog {
  info(about: object, message: string): void
  warn(about: object, message: string): void
  error(about: object, message: string): void
}

/**
 * A room's migrations: `export const migrations: RoomMigrations = { room: 'records', dir: new URL('./migrations/', import.meta.url) }`.
 * Files `001-name.sql`, forward only; a file that was applied must never change. `server/src/migrations.ts` lists the rooms.
 */
export interface RoomMigrations {
  readonly room: string
  readonly dir: URL
}

export interface BlobRef {
  readonly key: BlobKey
  /** Bytes before encryption. */
  readonly size: number
  /** SHA-256 of the bytes, hex. */
  readonly sha256: string
}

/** Bytes at rest: encrypted per tenant, fsynced with their directory before `put` returns, verified on every read. */
export interface Blobs {
  put(tenant: TenantId, source: Buffer | AsyncIterable<Buffer>, options?: { maxSize?: number }): Promise<BlobRef>
  /** Throws AppError `blob-missing` or `blob-damaged`. */
  get(tenant: TenantId, key: BlobKey): Promise<Buffer>
  has(tenant: TenantId, key: BlobKey): Promise<boolean>
  /** Says within `tx` that this key is in use from now on: the sweep leaves it alone. Call it where you store a key. */
  mark(tx: Tx, refs: readonly BlobRef[]): Promise<void>
  /**
   * Says within `tx` that another row uses these blobs too, which are in use already: no sweep passes until `tx` has ended. Throws AppError
   * `blob-missing` where one is gone.
   */
  reuse(tx: Tx, keys: readonly BlobKey[]): Promise<void>
  /** Removes blobs that no registered user of blobs names and whose mark is older than `graceMs`. Returns how many. */
  sweep(tenant: TenantId, options: { graceMs: number }): Promise<number>
  /** Registers a column that holds keys (`message.blob_key`), so that the sweep knows what is in use. */
  usedBy(table: string, column: string): void
}

/** What travels upward. Each room adds its own events in `events.ts` by declaration merging. */
// biome-ignore lint/suspicious/noEmptyInterface: the rooms fill it in
export interface Events {}

export type DomainEvent = { [K in keyof Events]: { readonly kind: K; readonly data: Events[K] } }[keyof Events]

export interface Outbox {
  /** Within the transaction that changes the state. */
  emit(tx: Tx, event: DomainEvent): Promise<void>
  /**
   * At least once, in order per tenant and subscriber; the handler runs in a transaction with its progress, so that its
   * database work happens exactly once. A handler that throws is retried with backoff and does not stop other subscribers.
   */
  subscribe<K extends keyof Events>(
    name: string,
    kinds: readonly K[],
    handler: (tx: Tx, event: { kind: K; data: Events[K]; tenant: TenantId; id: string }) => Promise<void>,
  ): void
  /** Live listeners (server-sent events): best effort, every process, no retry. Returns the way to stop. */
  listen(handler: (event: DomainEvent & { tenant: TenantId; id: string }) => void): () => void
}

/** Jobs only wake somebody up; who may work is decided by leases. Built on pg-boss. */
export interface Jobs {
  /** Within the transaction that makes the job necessary. `key` makes waiting duplicates collapse. */
  send(
    tx: Tx,
    name: string,
    data: Record<string, unknown>,
    options?: { key?: string; startAfterMs?: number },
  ): Promise<void>
  work(
    name: string,
    handler: (data: Record<string, unknown>) => Promise<void>,
    options?: { concurrency?: number },
  ): Promise<void>
  schedule(name: string, everyMs: number, handler: () => Promise<void>): Promise<void>
}

export interface Lease {
  readonly resource: string
  /** Grows by one with every new holder. Written rows carry it; `assertHeld` refuses an old one. */
  readonly epoch: number
  /** Aborted when renewal failed or somebody else took over: stop touching the resource. */
  readonly lost: AbortSignal
  /** By `performance.now()`: until then a command that a dead predecessor gave may still run. Past for most leases. */
  readonly echoUntil: number
  /** Within the transaction that records work done under the lease; throws AppError `lease-lost`. */
  assertHeld(tx: Tx): Promise<void>
  release(): Promise<void>
}

export interface Leases {
  /**
   * Null when somebody holds it. A successor of an expired (not released) lease gets it only `deadlineMs` after expiry, the longest that a
   * command of the predecessor may still run; that of a process which is dead (not only stalled) as soon as that is certain, after
   * seconds. Renewed in the background.
   */
  acquire(tenant: TenantId, resource: string, options: { ttlMs: number; deadlineMs: number }): Promise<Lease | null>
}

export interface TransactionOptions {
  /**
   * Its commit is not waited for until it is on disk; whatever is committed after it and waited for is never there without it. A crash of
   * the database (not of this process) within the next half second may lose it: only for what is found out and written down again then.
   */
  readonly foundAgain?: boolean
  /**
   * Its work is sent with BEGIN, and runs once more where the connection was dead before BEGIN was answered. For what runs often and, before its
   * first statement was answered, changes nothing outside of the database.
   */
  readonly mayRunAgain?: boolean
}

export interface Storage {
  /** No tenant set: row-level security shows nothing. For health checks and other systems' tables. */
  readonly db: Db
  tenant<T>(id: TenantId, work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>
  tenants(): Promise<readonly TenantId[]>
  createTenant(name: string, id?: TenantId): Promise<TenantId>
  readonly blobs: Blobs
  readonly outbox: Outbox
  readonly jobs: Jobs
  readonly leases: Leases
  /** Starts outbox dispatch and job workers; call after all subscribers are named. */
  start(): Promise<void>
  close(): Promise<void>
}
