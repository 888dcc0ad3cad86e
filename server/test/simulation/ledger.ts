import { sql } from 'kysely'
import type { ActionId, TenantId } from '../../src/base/index.ts'
import type { CopyRef } from '../../src/mailboxes/index.ts'
import { type ActionView, getAction, type ItemView, listItems } from '../../src/remediation/index.ts'
import type { OpenStorage } from '../../src/storage/index.ts'
import type { Copy } from '../rig/office.ts'
import type { History } from './history.ts'
import { copyName } from './watched.ts'

const PAGE = { limit: 10_000, after: null }

interface SeenItem extends Pick<ItemView, 'id' | 'deliveryId' | 'messageId' | 'state' | 'reason'> {
  readonly folder: string | null
  readonly verified: boolean
  readonly ref: CopyRef | null
}

/** What the product says of the actions of one universe, read from its tables as anybody would. */
export class Ledger {
  readonly actions: ActionId[] = []
  /** Copies that were delivered or are kept at the gate. */
  readonly copies: Copy[] = []
  readonly #storage: OpenStorage
  readonly #tenant: TenantId
  readonly #history: History
  readonly #acked = new Map<string, string>()
  #looked = 0

  constructor(storage: OpenStorage, tenant: TenantId, history: History) {
    this.#storage = storage
    this.#tenant = tenant
    this.#history = history
  }

  /** Counted from the last action. */
  recent(pick: number): ActionId | undefined {
    return this.actions.at(-1 - (pick % Math.max(this.actions.length, 1)))
  }

  async view(id: ActionId): Promise<ActionView> {
    const found = await this.#storage.tenant(this.#tenant, (tx) => getAction(tx, this.#tenant, id))
    if (!found) throw new Error(`action ${id} is gone`)
    return found
  }

  async items(id: ActionId): Promise<readonly ItemView[]> {
    return (await this.#storage.tenant(this.#tenant, (tx) => listItems(tx, this.#tenant, id, PAGE))).items
  }

  /** All actions with their items, as they are at one moment. */
  async all(): Promise<readonly { readonly view: ActionView; readonly items: readonly ItemView[] }[]> {
    if (this.actions.length === 0) return []
    return this.#storage.tenant(this.#tenant, async (tx) => {
      const found: { view: ActionView; items: readonly ItemView[] }[] = []
      for (const id of this.actions) {
        const view = await getAction(tx, this.#tenant, id)
        if (!view) throw new Error(`action ${id} is gone`)
        found.push({ view, items: (await listItems(tx, this.#tenant, id, PAGE)).items })
      }
      return found
    })
  }

  /** What a look needs of all items, in one question: after every step that is most of what a simulation asks for. */
  #seen(): Promise<readonly SeenItem[]> {
    return this.#storage.tenant(this.#tenant, async (tx) => {
      const found =
        await sql<SeenItem>`select i.id, i.delivery_id as "deliveryId", i.message_id as "messageId", i.state, i.reason,
        i.after_folder as folder, i.verified_at is not null as verified, c.ref
        from action_item i left join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after'
        where i.tenant_id = ${this.#tenant} order by i.action_id, i.id`.execute(tx)
      return found.rows
    })
  }

  /** The login of the mailbox that an item is about. */
  mailboxOf(i: Pick<ItemView, 'deliveryId'>): string {
    return this.copies.find((c) => c.id === i.deliveryId)?.mailbox.login ?? ''
  }

  /** No action has anything left to do, and no command that was given up is looked for any more. */
  async quiet(): Promise<boolean> {
    const open = await this.#storage.tenant(this.#tenant, (tx) =>
      sql`select 1 from action where tenant_id = ${this.#tenant} and state in ('queued', 'running')
        union all select 1 from item_late where tenant_id = ${this.#tenant} limit 1`.execute(tx),
    )
    return open.rows.length === 0
  }

  /**
   * Items whose copies were in no folder any more, and whether their user has deleted them nobody knows: an undo of these a person asks for.
   * What an undo did not find is the item that it took back.
   */
  async deletedPerhaps(): Promise<ReadonlySet<string>> {
    const found = await this.#storage.tenant(this.#tenant, (tx) =>
      sql<{ id: string }>`select coalesce(undoes, id) as id from action_item where tenant_id = ${this.#tenant}
        and state = 'ambiguous' and reason like '%the user may have deleted it%'`.execute(tx),
    )
    return new Set(found.rows.map((r) => r.id))
  }

  /** Writes down what the ledger says now. */
  async look(): Promise<void> {
    if (this.actions.length === 0) return
    const since = this.#looked
    for (const i of await this.#seen()) {
      if (this.#acked.get(i.id) === i.state) continue
      this.#acked.set(i.id, i.state)
      const about = { mailbox: this.mailboxOf(i), id: i.messageId }
      if (i.state === 'done' && i.folder !== null) {
        const copy = i.ref ? copyName({ ref: i.ref }) : null
        const { folder, verified } = i
        this.#history.add('ledger', { type: 'ack', ...about, item: i.id, folder, copy, verified, since })
      } else if (i.state === 'executing' || i.state === 'ambiguous') {
        this.#history.add('ledger', { type: 'doubt', ...about, why: i.reason ?? '' })
      }
    }
    this.#looked = this.#history.length
  }
}
