import { type RawBuilder, sql } from 'kysely'
import type { ActionId, DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import { type Circumstances, judging, standing } from './facts.ts'
import { onTop, pilesOf } from './layers.ts'
import { type Redo, restoredBy, throughRedos } from './redos.ts'
import type { Chosen } from './selection.ts'

/** Deliveries looked at together. */
const CHUNK = 5000

export interface LayeredItem extends Redo {
  readonly id: ItemId
  readonly actionId: ActionId
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly mailboxId: MailboxId | null
  readonly folder: string | null
  readonly obstacle: string | null
  readonly inexact: string | null
}

/** One copy that goes back, with the layers that go together; or why it does not. */
export interface Resolved {
  readonly top: LayeredItem
  readonly below: readonly LayeredItem[]
  /** Layers that a redo among them has put in force again, and stands for. */
  readonly behind: readonly LayeredItem[]
  readonly obstacle: string | null
  readonly inexact: string | null
}

interface Row {
  id: ItemId
  action_id: ActionId
  action_name: string
  delivery_id: DeliveryId
  message_id: MessageId
  mailbox_id: MailboxId | null
  same_as: string | null
  undoes: string | null
  restores: readonly string[]
  chosen: boolean
  open: boolean
  at: Date
  before: string | null
  after: string | null
  folder: string | null
  obstacle: string | null
  inexact: string | null
}

/** Selected items of these deliveries (`actedTwice` or `countedTwice`), resolved delivery by delivery. */
export async function* layered(
  tx: Tx,
  tenant: TenantId,
  chosen: Chosen,
  around: Circumstances,
  deliveries: RawBuilder<unknown>,
): AsyncGenerator<readonly Resolved[]> {
  const found = await sql<{ delivery_id: DeliveryId }>`
    with lay as materialized (${deliveries})
    select delivery_id from lay where exists (select 1 from action_item i
      where i.delivery_id = lay.delivery_id and ${chosen.condition}) order by delivery_id`.execute(tx)
  for (let at = 0; at < found.rows.length; at += CHUNK) {
    const ids = found.rows.slice(at, at + CHUNK).map((r) => r.delivery_id)
    const { obstacle, inexact } = judging(tenant, around)
    const rows = await sql<Row>`
      select i.id, i.action_id, a.name as action_name, i.delivery_id, i.message_id, i.mailbox_id, i.same_as, i.undoes, ${restoredBy(tenant)} as restores,
        coalesce(${chosen.condition}, false) as chosen, i.state in ('approved', 'executing') or i.next_attempt_at is not null as open,
        coalesce(i.verified_at, i.updated_at) as at, f.ref::text as before, c.ref::text as after,
        coalesce(i.before_folder, i.before_location) as folder, ${obstacle} as obstacle, ${inexact} as inexact
      from action_item i
      join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
      left join item_copy f on f.tenant_id = i.tenant_id and f.item_id = i.id and f.side = 'before' and i.same_as is not null
      left join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after' and i.same_as is not null
      where i.tenant_id = ${tenant} and i.delivery_id = any(${ids}::uuid[]) and ${standing}
      order by i.delivery_id, i.id`.execute(tx)
    yield [...Map.groupBy(rows.rows, (r) => r.delivery_id).values()].flatMap(resolve)
  }
}

function resolve(rows: readonly Row[]): Resolved[] {
  const { layers, behind } = throughRedos(rows.map(layerOf))
  const { piles, blocked } = pilesOf(layers)
  return [
    ...piles.map(([top, ...below]): Resolved => {
      const all = [top, ...below]
      const hidden = all.flatMap((l) => behind.get(l.id) ?? [])
      return {
        top,
        below,
        behind: hidden,
        obstacle: [...all, ...hidden].map((l) => l.obstacle).find((o) => o !== null) ?? null,
        inexact: all.map((l) => l.inexact).find((o) => o !== null) ?? null,
      }
    }),
    ...blocked.map(({ layer, by }): Resolved => {
      const obstacle = layer.obstacle ?? onTop(by)
      return { top: layer, below: [], behind: behind.get(layer.id) ?? [], obstacle, inexact: null }
    }),
  ]
}

const layerOf = (r: Row): LayeredItem => ({
  id: r.id,
  actionId: r.action_id,
  actionName: r.action_name,
  deliveryId: r.delivery_id,
  messageId: r.message_id,
  mailboxId: r.mailbox_id,
  sameAs: r.same_as,
  undoes: r.undoes,
  restores: r.restores,
  chosen: r.chosen,
  at: r.open ? Number.POSITIVE_INFINITY : r.at.getTime(),
  before: r.before,
  after: r.after,
  folder: r.folder,
  obstacle: r.obstacle,
  inexact: r.inexact,
})
