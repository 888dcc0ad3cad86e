import { sql } from 'kysely'
import type { ActionId, TenantId } from '../../src/base/index.ts'
import type { CopyRef } from '../../src/mailboxes/index.ts'
import { type ActionView, getAction, type ItemView, listItems } from '../../src/remediation/index.ts'
import type { OpenStorage } from '../../src/storage/index.ts'
import type { Copy } from '../rig/office.ts'
import type { History } from './history.ts'
import { copyName } from './watched.ts'

const PAGE = { limit: 10_000, after: null }

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

  async #items(): Promise<{ readonly items: readonly ItemView[]; readonly copies: ReadonlyMap<string, string> }> {
    return this.#storage.tenant(this.#tenant, async (tx) => {
      const items: ItemView[] = []
      for (const id of this.actions) items.push(...(await listItems(tx, this.#tenant, id, PAGE)).items)
      const found = await sql<{ item_id: string; ref: CopyRef }>`select item_id, ref from item_copy
        where tenant_id = ${this.#tenant} and side = 'after' and ref is not null`.execute(tx)
      return { items, copies: new Map(found.rows.map(({ item_id, ref }) => [item_id, copyName({ ref })])) }
    })
  }

  /** The login of the mailbox that an item is about. */
  mailboxOf(i: ItemView): string {
    return this.copies.find((c) => c.id === i.deliveryId)?.mailbox.login ?? ''
  }

  async quiet(): Promise<boolean> {
    return (await this.all()).every(({ view }) => !['queued', 'running'].includes(view.state))
  }

  /** Writes down what the ledger says now. */
  async look(): Promise<void> {
    if (this.actions.length === 0) return
    const since = this.#looked
    const { items, copies } = await this.#items()
    for (const i of items) {
      if (this.#acked.get(i.id) === i.state) continue
      this.#acked.set(i.id, i.state)
      const mailbox = this.mailboxOf(i)
      if (i.state === 'done' && i.after?.folder) {
        const { folder } = i.after
        const about = { mailbox, id: i.messageId, item: i.id, folder, copy: copies.get(i.id) ?? null }
        this.#history.add('ledger', { type: 'ack', ...about, verified: i.verifiedAt !== null, since })
      } else if (i.state === 'executing' || i.state === 'ambiguous') {
        this.#history.add('ledger', { type: 'doubt', mailbox, id: i.messageId, why: i.reason ?? '' })
      }
    }
    this.#looked = this.#history.length
  }
}
