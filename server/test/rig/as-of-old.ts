// Rows of today as an older version of the product has written them: copied into a database of that version, in its tables and columns.
import { sql } from 'kysely'
import type { BlobKey } from '../../src/base/index.ts'
import type { BlobRef, Tx } from '../../src/storage/index.ts'
import type { TestStorage } from './storage.ts'

type Row = Readonly<Record<string, unknown>>
type Rows = Readonly<Record<string, readonly Row[]>>

/** In the order in which they refer to each other. What is held writes itself down when its copy does. */
const TABLES = [
  ...['org_domain', 'organisation_state', 'mailbox', 'list_entry', 'list_entry_version'],
  ...['message', 'verdict', 'delivery', 'message_event', 'copy_fact'],
  ...[
    'vault',
    'action',
    'action_undoes',
    'guard',
    'action_item',
    'item_due',
    'action_due',
    'item_seen',
    'item_history',
    'item_batch',
  ],
]

/** Tenant A's rows, from a database of today to an older one; `remediation`: how many migrations that room had. */
export async function copyBack(today: TestStorage, old: TestStorage, remediation: number): Promise<void> {
  const rows = Object.fromEntries(
    await today.storage.tenant(today.a, async (tx) => {
      const all: [string, Row[]][] = []
      for (const table of TABLES) {
        const found = await sql<{ row: Row }>`select to_json(x) as row from ${sql.table(table)} x
          order by coalesce(to_json(x) ->> 'id', lpad(to_json(x) ->> 'seq', 9, '0'))`.execute(tx)
        all.push([table, found.rows.map((r) => r.row)])
      }
      return all
    }),
  )
  const each = remediation >= 14 ? rows : apart(rows)
  const then = remediation >= 5 ? each : remediation >= 2 ? narrow(each) : wide(narrow(each))
  const blobs = await copyBlobs(today, old, rows)
  await old.storage.tenant(old.a, async (tx) => {
    await old.storage.blobs.mark(tx, [...blobs.values()])
    for (const [table, all] of Object.entries(then)) {
      const columns = await columnsOf(tx, table)
      if (columns.size === 0) continue
      for (const row of all) {
        let text = JSON.stringify({ ...row, tenant_id: old.a })
        for (const [key, blob] of blobs) text = text.replaceAll(key, blob.key)
        if (table === 'copy_fact') await sql`select recourse_copy_fact_partition(${row['received_at']})`.execute(tx)
        const known = sql.join(
          Object.keys(row)
            // The database numbers them anew, in the same order.
            .filter((name) => columns.has(name) && name !== 'seq')
            .map((name) => sql.ref(name)),
        )
        await sql`insert into ${sql.table(table)} (${known})
          select ${known} from json_populate_record(null::${sql.table(table)}, ${text}::json)`.execute(tx)
      }
    }
  })
}

async function columnsOf(tx: Tx, table: string): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`select attname as name from pg_attribute
    where attrelid = to_regclass(${table}) and attnum > 0 and not attisdropped`.execute(tx)
  return new Set(rows.map((r) => r.name))
}

/** Every tenant has keys of its own: the same bytes under another name. */
async function copyBlobs(today: TestStorage, old: TestStorage, rows: Rows): Promise<Map<string, BlobRef>> {
  const keys = [...(rows['message'] ?? []), ...(rows['vault'] ?? [])].map((row) => String(row['blob_key']))
  const copied = new Map<string, BlobRef>()
  for (const key of new Set(keys)) {
    const bytes = await today.storage.blobs.get(today.a, key as BlobKey)
    copied.set(key, await old.storage.blobs.put(old.a, bytes))
  }
  return copied
}

/** What is due: a row for each item (versions 2 to 13). */
function apart({ action_due = [], item_due = [], action_item = [], ...rest }: Rows): Rows {
  const underWay = new Set(
    action_item.filter((i) => i['state'] === 'approved' || i['state'] === 'executing').map((i) => i['id']),
  )
  const known = new Set(item_due.map((d) => d['item_id']))
  const each = action_due.flatMap(({ action_id, mailbox_id, items }) =>
    (items as string[])
      .filter((item_id) => underWay.has(item_id) && !known.has(item_id))
      .map((item_id) => ({ tenant_id: '', item_id, action_id, mailbox_id, retry_at: null })),
  )
  return { ...rest, action_item, item_due: [...item_due, ...each] }
}

/** What a copy looked like: a row for each side; who moved an item: a row for each; what is begun: beside its copy (versions 2 to 4). */
function narrow({ item_seen = [], item_history = [], item_batch = [], ...rest }: Rows): Rows {
  const side = (row: Row, name: string, state = row[`${name}_state`]): Row[] => {
    const { item_id } = row
    return row[`${name}_ref`] ? [{ item_id, side: name, ref: row[`${name}_ref`], state }] : []
  }
  const seen = item_seen.flatMap((row) => [
    ...side(row, 'source'),
    ...side(row, 'before'),
    ...side(row, 'after', row['after_state'] ?? row['before_state']),
  ])
  const begun = item_batch.flatMap(({ items, before, position }) => {
    const copies = JSON.parse(String(before)) as [ref: unknown, state: unknown][]
    return (items as string[]).flatMap((item_id, n) => {
      const [ref, state] = copies[n] ?? []
      return rest['action_item']?.some((i) => i['id'] === item_id && i['state'] === 'executing')
        ? [{ item_id, side: 'before', ref, state, position }]
        : []
    })
  })
  const steps = item_history.flatMap(({ items, mailbox_id: _, ...step }) =>
    (items as string[]).map((item_id) => ({ ...step, item_id })),
  )
  return {
    ...rest,
    item_copy: [...seen, ...begun].map((c) => ({ tenant_id: '', ...c })),
    item_transition: steps.map((s) => ({ tenant_id: '', ...s })),
  }
}

/** All of it in the item's own row (version 1). */
function wide({ item_copy = [], item_due = [], action_item = [], ...rest }: Rows): Rows {
  const items = action_item.map((item) => {
    const own = item_copy.filter((c) => c['item_id'] === item['id'])
    const columns = own.flatMap((c): [string, unknown][] => [
      [`${c['side']}_ref`, c['ref']],
      [`${c['side']}_state`, c['state']],
      ...(c['position'] ? [['hold_position', c['position']] as [string, unknown]] : []),
    ])
    const due = item_due.find((d) => d['item_id'] === item['id'])
    return { ...item, ...Object.fromEntries(columns), next_attempt_at: due?.['retry_at'] ?? null }
  })
  return { ...rest, action_item: items, item_transition: rest['item_transition'] ?? [] }
}
