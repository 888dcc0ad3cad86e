import { type Clock, crashPoint, type TenantId } from '../../base/index.ts'
import { type FolderMark, type MailboxSession, readable, type UnreadableCopies } from '../../mailboxes/index.ts'
import { locate } from '../../records/index.ts'
import type { Lease, Storage, StorageLog, Tx } from '../../storage/index.ts'
import { applyArrivals, applyFlags } from './apply.ts'
import { candidateOf, type Link, linkOf, type View } from './link.ts'
import { lookAt, pairFolders, type Seen } from './look.ts'
import { isOwnWriting, likenessOf, placeIn } from './marks.ts'
import { applyMissing, unseenIn } from './missing.ts'
import { foreign } from './prove.ts'
import { type Candidates, candidates, knownFolders, vanishedUids } from './read.ts'
import { type TakeDeps, type TakenCopy, takeFound } from './take.ts'
import { OWNER } from './told.ts'
import type { Arrival, KnownFolder, WatchedMailbox } from './types.ts'
import { copiesInFolder, forgetFolders, noteMissing, saveFolder } from './write.ts'

export interface RoundDeps extends TakeDeps {
  readonly storage: Pick<Storage, 'tenant' | 'blobs'>
  readonly clock: Clock
  readonly log: Pick<StorageLog, 'warn'>
  /** Within the transaction that writes the round down: what policy does not leave where it is. */
  readonly remedy: (tx: Tx, tenant: TenantId, copies: readonly TakenCopy[]) => Promise<void>
}

export interface RoundOptions {
  readonly batch: number
  readonly allow: (wanted: number) => number
  readonly allFlags: boolean
  /** A copy that is missing for so long has been removed for good. */
  readonly graceMs: number
}

export interface RoundResult {
  /** There is more to take at once. */
  readonly more: boolean
  readonly judged: number
  readonly folders: number
  /** Copies that policy takes out of their place. */
  readonly remedied: number
}

/**
 * One look at a mailbox: what came, what went, what was marked. Nothing is remembered as seen before it is recorded, so a round that was
 * cut off is made again; every step of it can be made twice.
 */
export async function lookRound(
  deps: RoundDeps,
  mailbox: WatchedMailbox,
  session: MailboxSession,
  lease: Pick<Lease, 'assertHeld'>,
  options: RoundOptions,
): Promise<RoundResult> {
  const { tenant } = mailbox
  const inTx = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    deps.storage.tenant(tenant, async (tx) => {
      await lease.assertHeld(tx)
      return work(tx)
    })
  const marks = inOrder(await session.survey())
  const known = await inTx((tx) => knownFolders(tx, mailbox.id))
  const { pairs, gone: unlisted } = pairFolders(marks, known)
  const closed = await closedAmong(session, unlisted, marks)
  const gone = unlisted.filter(({ path }) => !closed.has(path))
  const seen: Seen[] = []
  for (const pair of pairs) {
    const found = await lookAt(session, pair.mark, pair.known, options)
    if (found) seen.push(found)
  }
  await inTx((tx) => noteGone(tx, mailbox, seen, gone, deps.clock.now()))
  crashPoint('watch.after-missing-noted')
  const arrivals = seen.flatMap(arrivalsOf)
  const view: View = { marks, seen, closed }
  const found = await inTx((tx) => candidatesFor(tx, mailbox, arrivals))
  const seemed = linksOf(arrivals, found, view)
  const strangers = await foreign(inTx, mailbox, session, seemed, found)
  const links = without(seemed, strangers)
  const ready = untilBusy(arrivals, links)
  const taken = await takeNew(deps, mailbox, session, ready, links)
  const { toRemedy } = await inTx(async (tx) => {
    // What is recorded may have changed while new mail was judged.
    const now = without(linksOf(ready, await candidatesFor(tx, mailbox, ready), view), strangers)
    const applied = await applyArrivals(
      tx,
      mailbox,
      ready.filter((a) => now.get(a)?.kind !== 'new' || settled(a, taken)),
      now,
      taken,
      marks,
    )
    const flagged = seen.flatMap((s) =>
      s.flagged.map(({ uid, keywords }) => ({ folderId: s.folder.id, uid, keywords })),
    )
    await applyFlags(tx, flagged)
    const overdue = new Date(deps.clock.now().getTime() - options.graceMs)
    await applyMissing(tx, mailbox, overdue, unseenIn(seen, arrivals, ready, links), marks)
    for (const one of seen) await saveFolder(tx, mailbox, rememberedAs(one, ready))
    await forgetFolders(
      tx,
      gone.map((folder) => folder.id),
    )
    if (applied.toRemedy.length > 0) await deps.remedy(tx, tenant, applied.toRemedy)
    crashPoint('watch.before-round-commit')
    return applied
  })
  crashPoint('watch.after-round-commit')
  const more = seen.some(
    (s) => s.mark.uidNext > s.folder.uidNext || (s.backlog.length > 0 && s.backfillBefore !== null),
  )
  return {
    more: more && ready.length === arrivals.length,
    judged: taken.size,
    folders: marks.length,
    remedied: toRemedy.length,
  }
}

const ORDER = ['inbox', null, 'junk', 'archive', 'trash', 'sent', 'drafts'] as const
/** What matters most comes first: the Inbox, then the user's own folders. */
const inOrder = (marks: readonly FolderMark[]): FolderMark[] =>
  [...marks].sort((a, b) => ORDER.indexOf(a.use) - ORDER.indexOf(b.use))

/** Folders that we know, that are there, and that cannot be opened now: what lies in them is not gone. */
async function closedAmong(
  session: Pick<MailboxSession, 'folders'>,
  unlisted: readonly KnownFolder[],
  marks: readonly FolderMark[],
): Promise<ReadonlySet<string>> {
  if (unlisted.length === 0) return new Set()
  const open = new Set(marks.map(({ path }) => path))
  return new Set((await session.folders()).map(({ path }) => path).filter((path) => !open.has(path)))
}

/** New ones first, then what was there before us, newest first. */
function arrivalsOf({ folder, mark, arrived, backlog }: Seen): Arrival[] {
  const one =
    (backlog: boolean) =>
    (state: Arrival['state']): Arrival => ({ state, folder, use: mark.use, backlog })
  return [...arrived.map(one(false)), ...backlog.toReversed().map(one(true))]
}

async function noteGone(
  tx: Tx,
  mailbox: WatchedMailbox,
  seen: readonly Seen[],
  gone: readonly KnownFolder[],
  now: Date,
): Promise<void> {
  for (const { folder, fresh, renamedFrom, present, mark } of seen) {
    // The place is remembered before anything of it is: rows of copies name it.
    if (fresh) await saveFolder(tx, mailbox, { ...folder, messages: -1, modseq: null })
    if (renamedFrom !== null) await follow(tx, mailbox, renamedFrom, mark)
    if (present && !fresh) await noteMissing(tx, folder.id, await vanishedUids(tx, folder.id, present), now)
  }
  for (const folder of gone) await noteMissing(tx, folder.id, 'all', now)
}

async function follow(tx: Tx, mailbox: WatchedMailbox, from: string, mark: FolderMark): Promise<void> {
  const copies = await copiesInFolder(tx, mailbox.tenant, mailbox.id, from)
  const place = placeIn(mark)
  const places = copies.map(({ id, ref }) => ({
    deliveryId: id,
    ...place,
    ref: ref && ref['folderId'] === mark.id ? { ...ref, folder: mark.path } : ref,
  }))
  const event = {
    kind: 'moved',
    actor: OWNER,
    summary: `Its folder ${from} is called ${mark.path} now`,
  }
  await locate(tx, places, event)
}

const texts = (values: readonly (string | null)[]): string[] => [...new Set(values.filter((v) => v !== null))]

const candidatesFor = (tx: Tx, mailbox: WatchedMailbox, arrivals: readonly Arrival[]): Promise<Candidates> =>
  candidates(tx, mailbox, {
    networkIds: texts(arrivals.map(({ state }) => state.networkMessageId)),
    serverIds: texts(arrivals.map(({ state }) => state.ref.serverId)),
    likenesses: texts(arrivals.map(({ state }) => likenessOf(state))),
  })

const linksOf = (arrivals: readonly Arrival[], found: Candidates, view: View): Map<Arrival, Link> =>
  new Map(arrivals.map((arrival) => [arrival, linkOf(arrival, candidateOf(arrival, found), view)] as const))

/** Strangers are nothing that we know, whatever their header says. */
const without = (links: ReadonlyMap<Arrival, Link>, strangers: ReadonlySet<Arrival>): ReadonlyMap<Arrival, Link> =>
  strangers.size === 0 ? links : new Map([...links].map(([a, link]) => [a, strangers.has(a) ? { kind: 'new' } : link]))

/** From the first copy in each folder that an action works on, everything waits for the next round. */
function untilBusy(arrivals: readonly Arrival[], links: ReadonlyMap<Arrival, Link>): Arrival[] {
  const stopped = new Set<string>()
  return arrivals.filter((arrival) => {
    const key = `${arrival.folder.id} ${arrival.backlog}`
    if (links.get(arrival)?.kind === 'busy') stopped.add(key)
    return !stopped.has(key)
  })
}

/** How far a folder was taken in: what waits for an action is not behind us yet. */
function rememberedAs({ folder, arrived, backlog, backfillBefore }: Seen, ready: readonly Arrival[]): KnownFolder {
  const done = new Set(ready.map(({ state }) => state))
  const firstLeft = arrived.find((state) => !done.has(state))
  const lastLeft = backlog.findLast((state) => !done.has(state))
  return {
    ...folder,
    uidNext: firstLeft?.ref.uid ?? folder.uidNext,
    backfillBefore: lastLeft ? lastLeft.ref.uid + 1 : backfillBefore,
  }
}

const settled = (arrival: Arrival, taken: ReadonlyMap<Arrival, TakenCopy>): boolean =>
  taken.has(arrival) || isOwnWriting(arrival.use)

/** Messages that are judged at a time: enough to keep the parsers busy. */
const AT_ONCE = 8

/**
 * Judges what nobody knows. A copy that vanished before it could be read is left out: the next round will miss it. One that cannot be read is
 * left out, too, and the log names it: it must not keep the others waiting.
 */
async function takeNew(
  deps: RoundDeps,
  mailbox: WatchedMailbox,
  session: MailboxSession,
  arrivals: readonly Arrival[],
  links: ReadonlyMap<Arrival, Link>,
): Promise<Map<Arrival, TakenCopy>> {
  const taken = new Map<Arrival, TakenCopy>()
  const fresh = arrivals.filter((a) => links.get(a)?.kind === 'new' && !isOwnWriting(a.use))
  const folders = Map.groupBy(fresh, (arrival) => arrival.state.ref.folder)
  for (const [folder, group] of folders) {
    const byUid = new Map(group.map((arrival) => [arrival.state.ref.uid, arrival]))
    const running = new Set<Promise<void>>()
    const note = (error: UnreadableCopies) =>
      deps.log.warn(
        { mailbox: mailbox.address, copies: error.copies.length, error: error.message },
        'mail in a mailbox cannot be read, and is not judged',
      )
    for await (const copy of readable(session.read(folder, [...byUid.keys()]), note)) {
      const arrival = byUid.get(copy.ref.uid)
      if (!arrival) continue
      const one = takeFound(deps, mailbox, copy, arrival.use).then((done) => {
        taken.set(arrival, done)
        running.delete(one)
      })
      running.add(one)
      one.catch(() => undefined)
      if (running.size >= AT_ONCE) await Promise.race(running)
    }
    await Promise.all(running)
  }
  return taken
}
