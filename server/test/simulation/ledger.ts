import { sql } from 'kysely'
import type { ActionId, TenantId } from '../../src/base/index.ts'
import type { CopyRef } from '../../src/mailboxes/index.ts'
import { type ActionView, getAction, type ItemView, listItems } from '../../src/remediation/index.ts'
import type { OpenStorage } from '../../src/storage/index.ts'
import type { Copy } from '../rig/office.ts'
import type { History } from './history.ts'
import { copyName } from './watched.ts'

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
    const page = { limit: 10_000, after: null }
    return (await this.#storage.tenant(this.#tenant, (tx) => listItems(tx, this.#tenant, id, page))).items
  }

  async all(): Promise<readonly { readonly view: ActionView; readonly items: readonly ItemView[] }[]> {
    const found: { view: ActionView; items: readonly ItemView[] }[] = []
    for (const id of this.actions) found.push({ view: await this.view(id), items: await this.items(id) })
    return found
  }

  /** The login of the mailbox that an item is about. */
  mailboxOf(i: ItemView): string {
    return this.copies.find((c) => c.id === i.deliveryId)?.mailbox.login ?? ''
  }

  async quiet(): Promise<boolean> {
    for (const id of this.actions) if (['queued', 'running'].includes((await this.view(id)).state)) return false
    return true
  }

  /** Writes down what the ledger says now. */
  async look(): Promise<void> {
    const since = this.#looked
    for (const id of this.actions) {
      for (const i of await this.items(id)) {
        if (this.#acked.get(i.id) === i.state) continue
        this.#acked.set(i.id, i.state)
        const mailbox = this.mailboxOf(i)
        if (i.state === 'done' && i.after?.folder) {
          const { folder } = i.after
          const about = { mailbox, id: i.messageId, item: i.id, folder, copy: await this.#copyOf(i) }
          this.#history.add('ledger', { type: 'ack', ...about, verified: i.verifiedAt !== null, since })
        } else if (i.state === 'executing' || i.state === 'ambiguous') {
          this.#history.add('ledger', { type: 'doubt', mailbox, id: i.messageId, why: i.reason ?? '' })
        }
      }
    }
    this.#looked = this.#history.length
  }

  async #copyOf(i: ItemView): Promise<string | null> {
    const found = await this.#storage.tenant(this.#tenant, (tx) =>
      sql<{ ref: CopyRef | null }>`select ref from item_copy where tenant_id = ${this.#tenant} and item_id = ${i.id}
        and side = 'after'`.execute(tx),
    )
    const ref = found.rows[0]?.ref
    return ref ? copyName({ ref }) : null
  }
}
