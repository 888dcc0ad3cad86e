import type { TenantId } from '../base/index.ts'
import { tenantView } from '../detection/index.ts'
import { type EntityRef, policyKey } from '../judgement/index.ts'
import { entriesForEach } from '../lists/index.ts'
import { addressDomain } from '../mail/index.ts'
import { directory, type Directory as Organisation, senderListsOfEach, tenantOfDomain } from '../organisation/index.ts'
import { type HistoryQuestion, type SenderHistory, senderHistories } from '../records/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { createGrouped } from './grouped.ts'
import { directionOf } from './judge.ts'
import type { Directory, Resolution, SplitRecipients, Target, ViewOf } from './types.ts'

const OWNER_TTL_MS = 5_000
/** Long enough to ask once for RCPT and the message, short enough that nobody notices. */
const KNOWN_TTL_MS = 1_000
const MAX_KEPT = 10_000

/** Recipients by the organisations of all tenants. Who owns a domain is remembered for five seconds, a recipient that
 * exists for one. */
export function createDirectory(storage: Pick<Storage, 'db' | 'tenant'>): Directory {
  const owners = new Map<string, { readonly tenant: TenantId; readonly until: number }>()
  const ownerOf = async (domain: string): Promise<TenantId | null> => {
    const known = owners.get(domain)
    if (known && known.until > Date.now()) return known.tenant
    const tenant = await tenantOfDomain(storage, domain)
    if (owners.size >= MAX_KEPT) owners.clear()
    if (tenant) owners.set(domain, { tenant, until: Date.now() + OWNER_TTL_MS })
    else owners.delete(domain)
    return tenant
  }
  // Recipients that are asked for while others are looked up share the next transaction: a connection each would be taken otherwise.
  const within = createGrouped((tenant, addresses: readonly string[]) =>
    storage.tenant(
      tenant,
      async (tx) => {
        const own = await directory(tx)
        return addresses.map((address) => leadsOf(own, tenant, address))
      },
      { mayRunAgain: true },
    ),
  )
  const resolve = async (address: string): Promise<Resolution> => {
    const domain = addressDomain(address)
    const tenant = domain === null ? null : await ownerOf(domain)
    if (domain === null || !tenant) return { kind: 'not-ours' }
    const found = await within(tenant, address)
    if (found) return found
    // The domain has just been given to somebody else.
    owners.delete(domain)
    const now = await ownerOf(domain)
    return (now ? await within(now, address) : null) ?? { kind: 'not-ours' }
  }
  const known = new Map<string, { readonly found: Resolution; readonly until: number }>()
  return {
    resolve: async (address) => {
      const before = known.get(address)
      if (before && before.until > Date.now()) return before.found
      const found = await resolve(address)
      if (known.size >= MAX_KEPT) known.clear()
      if (found.kind === 'known') known.set(address, { found, until: Date.now() + KNOWN_TTL_MS })
      else known.delete(address)
      return found
    },
  }
}

/** Null: the address is in none of the organisation's domains. */
function leadsOf(own: Organisation, tenant: TenantId, address: string): Resolution | null {
  const found = own.resolve(address)
  if (!found.ownDomain) return null
  if (found.via === 'none') return { kind: 'unknown', tenant }
  const targets = found.mailboxes.map((m): Target => ({ mailboxId: m.id, address: m.address, login: m.login }))
  return { kind: 'known', tenant, targets, external: found.external }
}

interface Asked {
  readonly entities: readonly EntityRef[]
  readonly now: Date
  readonly mailboxes: readonly string[]
}

/**
 * Organisation, policies, users' own lists and the list entries that may match, of one moment. Messages that come while others are looked
 * up share the next transaction, and its queries.
 */
export function createView(storage: Pick<Storage, 'tenant'>): ViewOf {
  const grouped = createGrouped((tenant, all: readonly Asked[]) =>
    storage.tenant(tenant, (tx) => viewsOf(tx, all), { mayRunAgain: true }),
  )
  return (tenant, entities, now, mailboxes) => grouped(tenant, { entities, now, mailboxes })
}

async function viewsOf(tx: Tx, all: readonly Asked[]): Promise<Awaited<ReturnType<ViewOf>>[]> {
  const latest = new Date(Math.max(...all.map((one) => one.now.getTime())))
  const asked = all.map((one) => one.entities)
  const [shared, own, entries] = await Promise.all([
    tenantView(tx, latest),
    directory(tx),
    entriesForEach(tx, asked, latest),
  ])
  const [lists, histories] = await Promise.all([ownLists(tx, own, all), historiesOf(tx, own, all)])
  return all.map((_, i) => {
    const history = histories[i]
    return {
      ...shared,
      entries: entries[i] ?? [],
      senderLists: lists[i] ?? new Map(),
      ...(history === undefined ? {} : { history }),
    }
  })
}

const mailboxesOf = (own: Organisation, addresses: readonly string[]) =>
  addresses.flatMap((address) => own.resolve(address).mailboxes.filter((m) => m.address === address))

/** Of the one sender of each: who writes under several names is not known by any, and has none. */
async function historiesOf(
  tx: Tx,
  own: Organisation,
  all: readonly Asked[],
): Promise<readonly (SenderHistory | undefined)[]> {
  const questions = all.map(({ entities, mailboxes, now }): HistoryQuestion | null => {
    const [sender, another] = entities.filter((e) => e.kind === 'sender')
    if (sender === undefined || another !== undefined) return null
    return { sender: sender.value, mailboxes: mailboxesOf(own, mailboxes).map((m) => m.id), before: now }
  })
  const answers = await senderHistories(
    tx,
    questions.filter((q) => q !== null),
  )
  let next = 0
  return questions.map((q) => (q === null ? undefined : answers[next++]))
}

/** What users' own lists say of each message's sender, by the mailboxes' addresses. */
async function ownLists(
  tx: Tx,
  own: Organisation,
  all: readonly Pick<Asked, 'entities' | 'mailboxes'>[],
): Promise<ReadonlyMap<string, 'safe' | 'blocked'>[]> {
  const known = all.map((one) => mailboxesOf(own, one.mailboxes))
  const lists = await senderListsOfEach(
    tx,
    all.map(({ entities }, i) => ({
      mailboxes: (known[i] ?? []).map((m) => m.id),
      senders: entities.filter((e) => e.kind === 'sender' || e.kind === 'sender-domain').map((e) => e.value),
    })),
  )
  return lists.map((said, i) => {
    const mine = known[i] ?? []
    return new Map(mine.flatMap((m) => (said.has(m.id) ? [[m.address, said.get(m.id) ?? 'safe']] : [])))
  })
}

/**
 * Recipients by what judges for them: their policy, and what their own lists say about the sender. Mail for people with different ones
 * is judged once for each, and becomes one message for each. Groups keep the order of the recipients.
 */
export const createSplit =
  (storage: Pick<Storage, 'tenant'>): SplitRecipients =>
  (tenant, parsed, recipients, entities) => {
    const mailboxes = new Set(recipients.flatMap((r) => r.targets.map((t) => t.address)))
    if (mailboxes.size < 2) return Promise.resolve([recipients])
    return storage.tenant(tenant, async (tx) => {
      const { facts, policyOf } = await tenantView(tx)
      const direction = directionOf(parsed, facts.domains)
      const [lists] = await ownLists(tx, await directory(tx), [{ entities, mailboxes: [...mailboxes] }])
      const keyOf = (address: string) => `${policyKey(policyOf(address, direction))} ${lists?.get(address) ?? ''}`
      const keys = new Map([...mailboxes].map((address) => [address, keyOf(address)]))
      const groups = [...new Set(keys.values())]
      return groups.map((key, i) =>
        recipients
          .map((r) => ({
            ...r,
            targets: r.targets.filter((t) => keys.get(t.address) === key),
            // Who is elsewhere is told once.
            external: i === 0 ? r.external : [],
          }))
          .filter((r) => r.targets.length > 0 || r.external.length > 0 || i === 0),
      )
    })
  }
