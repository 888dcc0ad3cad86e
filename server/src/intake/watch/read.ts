import { sql } from 'kysely'
import type { DeliveryId, MailboxId, MessageId } from '../../base/index.ts'
import type { CopyRef, UidRanges } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'
import { busyCopies, type CopyFacts } from '../../remediation/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { KnownDelivery, KnownFolder, WatchedMailbox } from './types.ts'

export async function knownFolders(tx: Tx, mailbox: MailboxId): Promise<KnownFolder[]> {
  const rows = await tx.selectFrom('watched_folder').selectAll().where('mailbox_id', '=', mailbox).execute()
  return rows.map((row) => ({
    id: row.id,
    path: row.path,
    folderId: row.folder_id,
    uidValidity: row.uid_validity,
    uidNext: Number(row.uid_next),
    backfillBefore: row.backfill_before === null ? null : Number(row.backfill_before),
    firstUidNext: Number(row.first_uid_next),
    messages: Number(row.messages),
    modseq: row.modseq,
  }))
}

/** UIDs of copies that we knew in a folder and that are in none of the ranges now. */
export async function vanishedUids(tx: Tx, folder: string, present: UidRanges): Promise<number[]> {
  const [from, to] = [present.map(([a]) => a), present.map(([, b]) => b)]
  const rows = await sql<{ uid: string }>`
    select uid from watched_copy where folder_id = ${folder} and missing_since is null
      and not exists (select 1 from unnest(${from}::bigint[], ${to}::bigint[]) r(a, b) where uid between r.a and r.b)`.execute(
    tx,
  )
  return rows.rows.map((row) => Number(row.uid))
}

export interface Wanted {
  readonly networkIds: readonly string[]
  readonly serverIds: readonly string[]
  readonly likenesses: readonly string[]
}

export interface Candidates {
  /** By our own header, of this mailbox. */
  readonly byNetworkId: ReadonlyMap<string, KnownDelivery>
  readonly byServerId: ReadonlyMap<string, KnownDelivery>
  /** Only of copies that are missing from where they were: likeness alone proves nothing. */
  readonly byLikeness: ReadonlyMap<string, KnownDelivery>
  readonly byId: ReadonlyMap<DeliveryId, KnownDelivery>
}

/** What arrivals in a mailbox may be copies of. */
export async function candidates(
  tx: Tx,
  { tenant, id: mailbox }: WatchedMailbox,
  wanted: Wanted,
  ids: readonly DeliveryId[] = [],
): Promise<Candidates> {
  const uuids = wanted.networkIds.filter((id) => UUID.test(id))
  const seen = await sql<{ delivery_id: DeliveryId; server_id: string | null; likeness: string; missing: boolean }>`
    select delivery_id, server_id, likeness, missing_since is not null as missing from watched_copy
    where mailbox_id = ${mailbox} and delivery_id is not null and (server_id = any(${[...wanted.serverIds]}::text[])
      or (missing_since is not null and likeness = any(${[...wanted.likenesses]}::text[])))`.execute(tx)
  const linked = seen.rows.map((row) => row.delivery_id)
  const rows = await sql<Row>`
    select id, message_id, latest_location, latest_folder, ref, handover not in ('none', 'refused') as arrived from delivery where tenant_id = ${tenant} and mailbox_id = ${mailbox}
      and (message_id = any(${uuids}::uuid[]) or id = any(${[...linked, ...ids]}::uuid[])
        or ref->>'serverId' = any(${[...wanted.serverIds]}::text[]))
    order by id`.execute(tx)
  const busy = await busyCopies(
    tx,
    tenant,
    rows.rows.map((row) => row.id),
  )
  const known = rows.rows.map(
    (row): KnownDelivery => ({
      id: row.id,
      messageId: row.message_id,
      location: row.latest_location,
      folder: row.latest_folder,
      ref: row.ref,
      arrived: row.arrived,
      busy: busy.has(row.id),
    }),
  )
  const byId = new Map(known.map((one) => [one.id, one]))
  const pick = (pairs: readonly (readonly [string | null, DeliveryId])[]) => {
    const found = new Map<string, KnownDelivery>()
    for (const [key, id] of pairs) {
      const one = byId.get(id)
      if (key !== null && one && !found.has(key)) found.set(key, one)
    }
    return found
  }
  return {
    byId,
    byNetworkId: pick(known.map((one) => [one.messageId, one.id])),
    byServerId: pick([
      ...known.map((one) => [one.ref?.serverId ?? null, one.id] as const),
      ...seen.rows.map((row) => [row.server_id, row.delivery_id] as const),
    ]),
    byLikeness: pick(seen.rows.filter((row) => row.missing).map((row) => [row.likeness, row.delivery_id])),
  }
}

/** By what the copy of a delivery is known, byte for byte. */
export async function factsOf(
  tx: Tx,
  { tenant }: WatchedMailbox,
  ids: readonly DeliveryId[],
): Promise<ReadonlyMap<DeliveryId, CopyFacts>> {
  const rows = await sql<{
    id: DeliveryId
    sent_sha256: string | null
    sent_size: string | null
    copy_hash: string | null
    sha256: string
    size: string
  }>`
    select d.id, d.sent_sha256, d.sent_size, d.copy_hash, m.sha256, m.size from delivery d
    join message m on m.tenant_id = d.tenant_id and m.id = d.message_id
    where d.tenant_id = ${tenant} and d.id = any(${[...ids]}::uuid[])`.execute(tx)
  return new Map(
    rows.rows.map((row) => [
      row.id,
      {
        sentSha256: row.sent_sha256,
        sentSize: row.sent_size === null ? null : Number(row.sent_size),
        copyHash: row.copy_hash,
        messageSha256: row.sha256,
        messageSize: Number(row.size),
      },
    ]),
  )
}

interface Row {
  readonly id: DeliveryId
  readonly message_id: MessageId
  readonly latest_location: Location
  readonly latest_folder: string | null
  readonly ref: CopyRef | null
  readonly arrived: boolean
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
