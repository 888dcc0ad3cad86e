import { type Clock, crashPoint, type TenantId } from '../../base/index.ts'
import type { FolderMark, MailboxSession } from '../../mailboxes/index.ts'
import { locate } from '../../records/index.ts'
import type { Lease, Storage, StorageLog, Tx } from '../../storage/index.ts'
import { applyArrivals, applyFlags } from './apply.ts'
import { dueCopies, laterOf, lookAgain, notLater, putOff } from './later.ts'
import { candidateOf, type Link, linkOf, type View } from './link.ts'
import { lookAt, pairFolders, type Seen } from './look.ts'
import { isOwnWriting, likenessOf, placeIn } from './marks.ts'
import { applyMissing, unseenIn } from './missing.ts'
import { foreign } from './prove.ts'
import { type Candidates, candidates, knownFolders, vanishedUids } from './read.ts'
import type { TakeDeps, TakenCopy } from './take.ts'
import { takeNew, tellFailed } from './take-new.ts'
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
  /** Ask for folders that cannot be opened even where none is missing. */
  readonly askClosed: boolean
}

export interface RoundResult {
  /** There is more to take at once. */
  readonly more: boolean
  readonly judged: number
  readonly folders: number
  /** Paths of folders that are there and cannot be opened. */
  readonly closed: ReadonlySet<string>
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
  const { known, due } = await inTx(async (tx) => ({
    known: await knownFolders(tx, mailbox.id),
    due: await dueCopies(tx, mailbox, deps.clock.now()),
  }))
  const { pairs, gone: unlisted } = pairFolders(marks, known)
  const closed = options.askClosed || unlisted.length > 0 ? await closedAmong(session, marks) : new Set<string>()
  const gone = unlisted.filter(({ path }) => !closed.has(path))
  const seen: Seen[] = []
  for (const pair of pairs) {
    const found = await lookAt(session, pair.mark, pair.known, options)
    if (found) seen.push(found)
  }
  const again = await lookAgain(session, due, pairs)
  await inTx((tx) => noteGone(tx, mailbox, seen, gone, deps.clock.now()))
  crashPoint('watch.after-missing-noted')
  const arrivals = [...seen.flatMap(arrivalsOf), ...again.arrivals]
  const view: View = { marks, seen, closed }
  const found = await inTx((tx) => candidatesFor(tx, mailbox, arrivals))
  const seemed = linksOf(arrivals, found, view)
  const strangers = await foreign(inTx, mailbox, session, seemed, found)
  const links = without(seemed, strangers)
  const ready = untilBusy(arrivals, links)
  const { taken, failed } = await takeNew(deps, mailbox, session, ready, links)
  tellFailed(
    deps.log,
    mailbox,
    [...failed].filter(([arrival]) => !again.arrivals.includes(arrival)),
  )
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
    const left = new Set([...failed.keys()].filter((a) => now.get(a)?.kind === 'new'))
    const through = ready.filter((a) => again.arrivals.includes(a) && !left.has(a))
    await notLater(tx, [...again.gone, ...through.map(laterOf)])
    await putOff(tx, mailbox, [...left].map(laterOf), deps.clock.now())
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
    closed,
    remedied: toRemedy.length,
  }
}

const ORDER = ['inbox', null, 'junk', 'archive', 'trash', 'sent', 'drafts'] as const
/** What matters most comes first: the Inbox, then the user's own folders. */
const inOrder = (marks: readonly FolderMark[]): FolderMark[] =>
  [...marks].sort((a, b) => ORDER.indexOf(a.use) - ORDER.indexOf(b.use))

/** Folders that are there and cannot be opened now: what lies in them is not gone. */
async function closedAmong(
  session: Pick<MailboxSession, 'folders'>,
  marks: readonly FolderMark[],
): Promise<ReadonlySet<string>> {
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
