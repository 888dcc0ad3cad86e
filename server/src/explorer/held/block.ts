import { sql } from 'kysely'
import type { Actor } from '../../access/index.ts'
import { AppError, type MessageId } from '../../base/index.ts'
import { addEntry } from '../../lists/index.ts'
import { ownDomains } from '../../organisation/index.ts'
import { auditHeld, chosenCopies, type HeldSelection } from '../../quarantine/index.ts'
import type { Outbox, Tx } from '../../storage/index.ts'

export interface BlockWish {
  readonly select: HeldSelection
  readonly what?: 'sender' | 'sender-domain'
  readonly days?: number | null
  readonly note?: string
}

export interface Blocked {
  readonly entries: readonly { id: string; kind: string; value: string; expiresAt: string | null }[]
  readonly refused: readonly { value: string; says: string }[]
}

const MANY_SENDERS = 500

/**
 * *Block sender* for the whole organisation: an entry for each sender of the chosen messages. Our own domains are never blocked from here.
 * Throws AppError `nothing-selected`, `too-many`, and, where no sender could be blocked, the first reason as `not-blocked`.
 */
export async function blockSenders(tx: Tx, outbox: Outbox, actor: Actor, wish: BlockWish): Promise<Blocked> {
  const kind = wish.what ?? 'sender'
  const copies = await chosenCopies(tx, wish.select, { lock: false })
  const ids = [...new Set(copies.map((c) => c.messageId))]
  if (ids.length === 0)
    throw new AppError(
      'nothing-selected',
      'Nothing in quarantine matches the selection.',
      'Choose messages that are in quarantine.',
      {
        status: 404,
      },
    )
  const values = await sendersOf(tx, ids, kind)
  if (values.length > MANY_SENDERS)
    throw new AppError(
      'too-many',
      `These messages have more than ${MANY_SENDERS} senders.`,
      'Choose fewer, or block a domain.',
      {
        status: 422,
      },
    )
  const own = await ownDomains(tx)
  const entries: Blocked['entries'][number][] = []
  const refused: Blocked['refused'][number][] = []
  for (const value of values) {
    const says = whyNot(value, own)
    if (says !== null) refused.push({ value: value ?? '', says })
    else {
      const done = await block(tx, outbox, actor, { kind, value: value ?? '', wish })
      if ('says' in done) refused.push(done)
      else entries.push(done)
    }
  }
  if (entries.length === 0)
    throw new AppError(
      'not-blocked',
      `No sender was blocked: ${refused[0]?.says ?? ''}`,
      'Look at the Tenant Allow/Block List.',
      {
        status: 409,
      },
    )
  await auditHeld(tx, actor, 'quarantine.block-sender', ids, { entries: entries.map((e) => e.value) })
  return { entries, refused }
}

async function sendersOf(
  tx: Tx,
  ids: readonly MessageId[],
  kind: 'sender' | 'sender-domain',
): Promise<(string | null)[]> {
  const column = sql.ref(kind === 'sender' ? 'sender_address' : 'sender_domain')
  const { rows } = await sql<{ value: string | null }>`select distinct ${column} as value from message
    where tenant_id = recourse_tenant() and id = any(${[...ids]}::uuid[]) order by 1 limit ${MANY_SENDERS + 1}`.execute(
    tx,
  )
  return rows.map((r) => r.value)
}

function whyNot(value: string | null, own: ReadonlySet<string>): string | null {
  if (value === null) return 'The message names no sender that can be read.'
  const domain = value.slice(value.lastIndexOf('@') + 1)
  const ours = [...own].some((d) => domain === d || domain.endsWith(`.${d}`))
  return ours ? `${value} is one of our own: blocking it would hold our own mail.` : null
}

async function block(
  tx: Tx,
  outbox: Outbox,
  actor: Actor,
  { kind, value, wish }: { kind: 'sender' | 'sender-domain'; value: string; wish: BlockWish },
): Promise<Blocked['entries'][number] | { value: string; says: string }> {
  try {
    const entry = await addEntry(tx, outbox, actor, {
      action: 'block',
      kind,
      value,
      ...(wish.days === undefined ? {} : { expiresInDays: wish.days }),
      note: wish.note ?? 'Blocked from quarantine',
    })
    return { id: entry.id, kind: entry.kind, value: entry.value, expiresAt: entry.expiresAt }
  } catch (error) {
    if (error instanceof AppError) return { value, says: error.message }
    throw error
  }
}
