import { type Expression, type SqlBool, sql } from 'kysely'
import type { MessageId } from '../base/index.ts'
import { type EntityKind, type Flip, flip, matches, replay, storedJudgement } from '../judgement/index.ts'
import { type EntryRule, entriesFor, formatPair, keyOf, readPair } from '../lists/index.ts'
import { registrableDomain } from '../mail/index.ts'
import { entityHash, getMessages, type Message } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'

export interface Past {
  /** Messages of the time looked at that hold something which the entry matches. */
  readonly matching: number
  /** How many of them would be judged otherwise. */
  readonly flips: number
  readonly flipped: readonly { readonly message: Message; readonly flip: Flip }[]
  /** Of those, all that would be delivered and were not. */
  readonly freed: readonly MessageId[]
  /** False when there were more messages than were looked at. */
  readonly complete: boolean
  readonly since: Date
}

export interface PastOptions {
  /** Days back; default 30. */
  readonly days?: number
  /** Newest messages looked at; default 2,000. */
  readonly limit?: number
  /** Flipped messages handed back; default 20. */
  readonly sample?: number
}

const DAY = 86_400_000
const CHUNK = 500

/**
 * What an entry would have changed: the evidence of past messages judged with today's lists, without the entry and with it.
 * Nothing is saved and nothing is asked again.
 */
export async function tryOnPast(tx: Tx, rule: EntryRule, options: PastOptions = {}): Promise<Past> {
  const { days = 30, limit = 2_000, sample = 20 } = options
  const now = new Date()
  const since = new Date(now.getTime() - days * DAY)
  const { ids, all } = await holders(tx, rule, since, limit + 1)
  const looked = ids.slice(0, limit)
  const flips: { id: MessageId; flip: Flip }[] = []
  for (let i = 0; i < looked.length; i += CHUNK)
    flips.push(...(await tryOn(tx, rule, looked.slice(i, i + CHUNK), now.toISOString())))
  const shown = flips.slice(0, sample)
  const messages = new Map(
    (
      await getMessages(
        tx,
        shown.map((f) => f.id),
      )
    ).map((m) => [m.id, m]),
  )
  return {
    matching: looked.length,
    flips: flips.length,
    freed: flips
      .filter((f) => f.flip.from.placement !== 'deliver' && f.flip.to.placement === 'deliver')
      .map((f) => f.id),
    flipped: shown.flatMap((f) => {
      const message = messages.get(f.id)
      return message === undefined ? [] : [{ message, flip: f.flip }]
    }),
    complete: all && ids.length <= limit,
    since,
  }
}

async function tryOn(tx: Tx, rule: EntryRule, ids: readonly MessageId[], now: string) {
  const rows = await tx
    .selectFrom('message as m')
    .innerJoin('verdict as v', (join) =>
      join.onRef('v.tenant_id', '=', 'm.tenant_id').onRef('v.id', '=', 'm.verdict_id'),
    )
    .select(['m.id', 'v.signals', 'v.inputs'])
    .where('m.id', 'in', ids)
    .execute()
  const stored = rows.flatMap(({ id, ...row }) => {
    try {
      return [{ id, judgement: storedJudgement(row) }]
    } catch {
      return [] // a verdict from before its evidence was kept: it cannot be judged again, so it does not flip
    }
  })
  const entries = await entriesFor(
    tx,
    stored.flatMap((s) => s.judgement.inputs.entities),
  )
  const found = stored.flatMap(({ id, judgement }) => {
    const change = flip(replay(judgement, { entries, now }), replay(judgement, { entries: [...entries, rule], now }))
    return change === null ? [] : [{ id, flip: change }]
  })
  const order = new Map(ids.map((id, i) => [id, i]))
  return found.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
}

/** Entities read at a time for each message that is looked for, and how often: a newsletter holds very many. */
const EACH = 10
const PAGES = 20

/**
 * Messages with an entity that the rule matches, newest first, each once, up to `limit`. `all`: no more than these were to be found;
 * false too where so many entities only look alike that it was given up.
 */
async function holders(
  tx: Tx,
  rule: EntryRule,
  since: Date,
  limit: number,
): Promise<{ readonly ids: readonly MessageId[]; readonly all: boolean }> {
  const found = new Set<MessageId>()
  let before: Place | null = null
  for (let n = 0; n < PAGES; n++) {
    const rows: readonly Holding[] = await page(tx, rule, since, { limit: limit * EACH, before })
    for (const { message_id, kind, value } of rows)
      if (found.size < limit && matches(rule, { kind, value })) found.add(message_id)
    const last = rows.at(-1)
    const all = rows.length < limit * EACH
    if (!last || all || found.size >= limit) return { ids: [...found], all }
    // The last message of a page may hold more than was read: it is read again, unless there was no other.
    before = { at: last.received_at, id: last.message_id, again: rows[0]?.message_id !== last.message_id }
  }
  return { ids: [...found], all: false }
}

interface Place {
  readonly at: Date
  readonly id: MessageId
  readonly again: boolean
}
interface Holding {
  readonly message_id: MessageId
  readonly kind: EntityKind
  readonly value: string
  readonly received_at: Date
}

async function page(
  tx: Tx,
  rule: EntryRule,
  since: Date,
  { limit, before }: { readonly limit: number; readonly before: Place | null },
): Promise<readonly Holding[]> {
  let rows = tx
    .selectFrom('entity')
    .select(['message_id', 'kind', 'value', 'received_at'])
    .where('received_at', '>=', since)
    .where('kind', 'in', kindsOf(rule))
    .where((eb) => narrowed(rule) ?? eb.val(true))
    .orderBy('received_at', 'desc')
    .orderBy('message_id', 'desc')
    // A message may hold several; those that only look alike in SQL are dropped by who asks.
    .limit(limit)
  if (before) {
    const { at, id, again } = before
    rows = rows.where((eb) => eb(eb.refTuple('received_at', 'message_id'), again ? '<=' : '<', eb.tuple(at, id)))
  }
  return await rows.execute()
}

const kindsOf = (rule: EntryRule): EntityKind[] => (rule.kind === 'url-domain' ? ['url', 'url-domain'] : [rule.kind])

const literal = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** As pairs of messages are written: the full address, a comma, what is known of the server. */
function pairPattern(value: string): string {
  const { user, infrastructure } = readPair(value)
  const sender = user === '*' ? '%' : user.includes('@') ? literal(user) : `%@${literal(user)}`
  return formatPair({ user: sender, infrastructure: infrastructure === '*' ? '%' : `%${literal(infrastructure)}` })
}

/** A condition that all matching values fulfil, and few others. */
function narrowed(rule: EntryRule): Expression<SqlBool> | null {
  const part = `%${literal(keyOf(rule.kind, rule.value))}%`
  switch (rule.kind) {
    case 'sender':
    case 'file-hash':
      return sql<boolean>`hash = ${entityHash(rule.value)} and value = ${rule.value}`
    case 'sender-domain':
      return rule.value.startsWith('*.')
        ? sql<boolean>`value like ${part}`
        : sql<boolean>`hash = ${entityHash(rule.value)} and value = ${rule.value}`
    case 'url-domain': {
      // Every URL below a registrable domain comes with that domain as an entity of its own: found by index.
      const site = registrableDomain(rule.value)
      if (site === null) return sql<boolean>`value like ${part}`
      return sql<boolean>`message_id in (
        select message_id from entity where kind = 'url-domain' and hash = ${entityHash(site)} and value = ${site})`
    }
    case 'url':
      return sql<boolean>`lower(value) like ${part}`
    case 'sender-ip':
      return null
    case 'spoof':
      return sql<boolean>`value like ${pairPattern(rule.value)}`
  }
}
