import type { MailboxId, TenantId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import type { MailboxKind, OrganisationDocument } from './document.ts'
import { address, domainOf } from './validate.ts'

export interface Mailbox {
  readonly id: MailboxId
  readonly address: string
  readonly login: string
  readonly displayName: string
  readonly kind: MailboxKind
  readonly protected: boolean
}

/** Where mail to an address ends up. */
export interface Resolution {
  /** As asked, in lower case. */
  readonly address: string
  /** `none`: not an address of this organisation, or one that does not exist. */
  readonly via: 'mailbox' | 'alias' | 'group' | 'none'
  /** Whether the domain is ours, so that an unknown address there can be refused. */
  readonly ownDomain: boolean
  /** Every mailbox once, groups and aliases followed. */
  readonly mailboxes: readonly Mailbox[]
  /** Addresses outside of the organisation that aliases or groups lead to. */
  readonly external: readonly string[]
}

/** Somebody or something of our own that a sender might pretend to be. */
export interface OwnPerson {
  readonly name: string
  readonly address: string
  readonly protected: boolean
  readonly kind: MailboxKind
}

interface Leads {
  readonly via: 'alias' | 'group'
  readonly to: readonly string[]
}

/** One version of an organisation, read whole; immutable. */
export class Directory {
  readonly tenant: TenantId | null
  readonly version: number
  readonly domains: ReadonlySet<string>
  readonly mailboxes: readonly Mailbox[]
  readonly people: readonly OwnPerson[]
  readonly #document: OrganisationDocument
  readonly #byAddress: ReadonlyMap<string, Mailbox>
  readonly #byId: ReadonlyMap<string, Mailbox>
  readonly #leadsTo: ReadonlyMap<string, Leads>
  #groupsOf: Map<string, Set<string>> | undefined

  constructor(tenant: TenantId | null, document: OrganisationDocument, mailboxes: readonly Mailbox[]) {
    this.tenant = tenant
    this.#document = document
    this.version = document.version
    this.domains = new Set(document.domains)
    this.mailboxes = mailboxes
    this.#byAddress = new Map(mailboxes.map((m) => [m.address, m]))
    this.#byId = new Map(mailboxes.map((m) => [m.id, m]))
    this.#leadsTo = new Map<string, Leads>([
      ...document.aliases.map((a): [string, Leads] => [a.address, { via: 'alias', to: [a.target] }]),
      ...document.groups.map((g): [string, Leads] => [g.address, { via: 'group', to: g.members }]),
    ])
    this.people = mailboxes.map((m) => ({
      name: m.displayName,
      address: m.address,
      protected: m.protected,
      kind: m.kind,
    }))
  }

  /** The document as it was saved. */
  document(): OrganisationDocument {
    return this.#document
  }

  mailbox(id: MailboxId): Mailbox | null {
    return this.#byId.get(id) ?? null
  }

  /** What kind of mailbox has this address; null = none. */
  kindOf(mailbox: string): MailboxKind | null {
    return this.#byAddress.get(mailbox)?.kind ?? null
  }

  /** Groups that lead to each mailbox, by its address; also through other groups. */
  groupsOf(mailbox: string): ReadonlySet<string> {
    this.#groupsOf ??= this.#allGroups()
    return this.#groupsOf.get(mailbox) ?? NO_GROUPS
  }

  #allGroups(): Map<string, Set<string>> {
    const all = new Map<string, Set<string>>()
    for (const group of this.#document.groups)
      for (const { address: member } of this.resolve(group.address).mailboxes)
        all.set(member, (all.get(member) ?? new Set<string>()).add(group.address))
    return all
  }

  /** Follows aliases, groups and plus-addresses (`ann+shop@` is `ann@` unless it exists itself). */
  resolve(text: string): Resolution {
    const asked = address(text)
    const known = this.#known(asked) ? asked : this.#known(plain(asked)) ? plain(asked) : null
    const ownDomain = this.domains.has(domainOf(asked))
    if (known === null) return { address: asked, via: 'none', ownDomain, mailboxes: [], external: [] }
    const mailboxes: Mailbox[] = []
    const external: string[] = []
    const seen = new Set<string>()
    const open = [known]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      const mailbox = this.#byAddress.get(at)
      const next = this.#leadsTo.get(at)?.to
      if (mailbox) mailboxes.push(mailbox)
      else if (next) open.push(...next.toReversed())
      else external.push(at)
    }
    return { address: asked, via: this.#leadsTo.get(known)?.via ?? 'mailbox', ownDomain, mailboxes, external }
  }

  #known(at: string): boolean {
    return this.#byAddress.has(at) || this.#leadsTo.has(at)
  }
}

function plain(at: string): string {
  const plus = at.indexOf('+')
  return plus > 0 && plus < at.lastIndexOf('@') ? at.slice(0, plus) + at.slice(at.lastIndexOf('@')) : at
}

const NO_GROUPS: ReadonlySet<string> = new Set()
const EMPTY: OrganisationDocument = { version: 0, domains: [], mailboxes: [], aliases: [], groups: [] }
const MAX_KEPT = 1000
const kept = new Map<TenantId, { readonly revision: string; readonly directory: Directory }>()

/** What a transaction was told: it sees one organisation, unless it changes it. */
const told = new WeakMap<Tx, Promise<Directory>>()

/** For the writer: what the transaction was told is over. */
export const tellAnew = (tx: Tx): boolean => told.delete(tx)

/** The organisation of the transaction's tenant. Costs one small query once; the rest is kept in memory until it is changed. */
export function directory(tx: Tx): Promise<Directory> {
  const known = told.get(tx)
  if (known) return known
  const found = lookUp(tx)
  told.set(tx, found)
  return found
}

async function lookUp(tx: Tx): Promise<Directory> {
  let state = await stateOf(tx)
  for (;;) {
    if (!state) return new Directory(null, EMPTY, [])
    const known = kept.get(state.tenant_id)
    if (known?.revision === state.revision) return known.directory
    const read = await readDirectory(tx, state.tenant_id, state.version)
    // Somebody may have saved between the queries: what was read belongs together only if the revision is still the same.
    const after = await stateOf(tx)
    if (after?.revision === state.revision) {
      keep(state.tenant_id, state.revision, read)
      return read
    }
    state = after
  }
}

const stateOf = (tx: Tx) =>
  tx.selectFrom('organisation_state').select(['tenant_id', 'version', 'revision']).executeTakeFirst()

function keep(tenant: TenantId, revision: string, read: Directory): void {
  kept.delete(tenant)
  kept.set(tenant, { revision, directory: read })
  const oldest = kept.keys().next()
  if (kept.size > MAX_KEPT && !oldest.done) kept.delete(oldest.value)
}

/** Without the memory: for the writer, who has already announced the next revision. */
export async function readDirectory(tx: Tx, tenant: TenantId, version: number): Promise<Directory> {
  const domains = await tx
    .selectFrom('org_domain')
    .select('domain')
    .where('tenant_id', '=', tenant)
    .orderBy('domain')
    .execute()
  const mailboxes = await tx
    .selectFrom('mailbox')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('address')
    .execute()
  const aliases = await tx.selectFrom('mail_alias').select(['address', 'target']).orderBy('address').execute()
  const groups = await tx.selectFrom('mail_group').selectAll().orderBy('address').execute()
  const known = mailboxes.map((m) => ({
    id: m.id,
    address: m.address,
    login: m.login,
    displayName: m.display_name,
    kind: m.kind,
    protected: m.protected,
  }))
  const document: OrganisationDocument = {
    version,
    domains: domains.map((d) => d.domain),
    mailboxes: known.map(({ id: _, ...mailbox }) => mailbox),
    aliases,
    groups: groups.map((g) => ({ address: g.address, displayName: g.display_name, members: g.members })),
  }
  return new Directory(tenant, document, known)
}

/** One address; see `Directory.resolve`. */
export const resolve = async (tx: Tx, text: string): Promise<Resolution> => (await directory(tx)).resolve(text)

/** Names and addresses of our own people, for finding impersonation. */
export const ownPeople = async (tx: Tx): Promise<readonly OwnPerson[]> => (await directory(tx)).people

/** Domains of our own, lower case, ASCII form. */
export const ownDomains = async (tx: Tx): Promise<ReadonlySet<string>> => (await directory(tx)).domains

/** A mailbox by id, removed ones too. */
export async function mailboxById(tx: Tx, id: MailboxId): Promise<(Mailbox & { readonly removed: boolean }) | null> {
  const current = (await directory(tx)).mailbox(id)
  if (current) return { ...current, removed: false }
  const row = await tx.selectFrom('mailbox').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) return null
  const { address: at, login, display_name, kind } = row
  return { id, address: at, login, displayName: display_name, kind, protected: row.protected, removed: true }
}
