import { sql } from 'kysely'
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type MailboxId, type TenantId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import { directory, type Mailbox } from './directory.ts'

const MOST = 1000
const List = Type.Array(Type.String({ minLength: 1, maxLength: 320 }), { maxItems: MOST })

/** Addresses and domains whose mail a user wants in the inbox, or in Junk. */
export const UserSenders = Type.Object({ safe: List, blocked: List }, { additionalProperties: false })
export type UserSenders = Static<typeof UserSenders>

/** Throws AppError `no-mailbox`. */
export async function userSenders(tx: Tx, address: string): Promise<UserSenders> {
  const mailbox = await mailboxOf(tx, address)
  const rows = await tx
    .selectFrom('user_sender')
    .select(['list', 'value'])
    .where('mailbox_id', '=', mailbox.id)
    .orderBy('value')
    .execute()
  const of = (list: 'safe' | 'blocked') => rows.filter((r) => r.list === list).map((r) => r.value)
  return { safe: of('safe'), blocked: of('blocked') }
}

/** Replaces both lists of a mailbox. Throws AppError `no-mailbox`, `senders` (what is wrong). */
export async function setUserSenders(tx: Tx, address: string, body: unknown, actor: AuditActor): Promise<UserSenders> {
  if (!Value.Check(UserSenders, body))
    throw refuse([...Value.Errors(UserSenders, body)].map((e) => `${e.instancePath.slice(1)}: ${e.message}`))
  const mailbox = await mailboxOf(tx, address)
  const after = { safe: tidy(body.safe), blocked: tidy(body.blocked) }
  const wrong = [...after.safe, ...after.blocked].filter((v) => !FORM.test(v))
  if (wrong.length > 0)
    throw refuse(wrong.slice(0, 10).map((v) => `“${v.slice(0, 100)}” is neither an address nor a domain`))
  const before = await userSenders(tx, address)
  await tx.deleteFrom('user_sender').where('mailbox_id', '=', mailbox.id).execute()
  const rows = (['safe', 'blocked'] as const).flatMap((list) =>
    after[list].map((value) => ({ tenant_id: sql<TenantId>`recourse_tenant()`, mailbox_id: mailbox.id, list, value })),
  )
  if (rows.length > 0) await tx.insertInto('user_sender').values(rows).execute()
  await record(tx, {
    actor,
    action: 'senders.set',
    subject: { kind: 'mailbox', id: mailbox.id },
    detail: { address: mailbox.address, before, after },
  })
  return after
}

export type SenderLists = ReadonlyMap<MailboxId, 'safe' | 'blocked'>

/**
 * For each message, what each of these mailboxes says about its sender: safe before blocked, the address before the domain (allow-block-list
 * §8.3). `senders`: the address and the domain of From. One query asks for all of them.
 */
export async function senderListsOfEach(
  tx: Tx,
  asked: readonly { readonly mailboxes: readonly MailboxId[]; readonly senders: readonly string[] }[],
): Promise<SenderLists[]> {
  const mailboxes = [...new Set(asked.flatMap((one) => one.mailboxes))]
  const senders = [...new Set(asked.flatMap((one) => one.senders))]
  if (mailboxes.length === 0 || senders.length === 0) return asked.map(() => new Map())
  const rows = await tx
    .selectFrom('user_sender')
    .select(['mailbox_id', 'list', 'value'])
    .where('mailbox_id', '=', sql<MailboxId>`any(${mailboxes}::uuid[])`)
    .where('value', '=', sql<string>`any(${senders}::text[])`)
    .orderBy('list')
    .execute()
  // `blocked` comes before `safe`: the later one wins.
  return asked.map((one) => {
    const mine = rows.filter((r) => one.mailboxes.includes(r.mailbox_id) && one.senders.includes(r.value))
    return new Map(mine.map((r) => [r.mailbox_id, r.list]))
  })
}

const FORM = /^([^\s@]+@)?[^\s@.]+(\.[^\s@.]+)+$/

const tidy = (list: readonly string[]): string[] => [...new Set(list.map((v) => v.trim().toLowerCase()))].sort()

async function mailboxOf(tx: Tx, address: string): Promise<Mailbox> {
  const found = (await directory(tx)).mailboxes.find((m) => m.address === address.trim().toLowerCase())
  if (found) return found
  throw new AppError('no-mailbox', `There is no mailbox ${address.slice(0, 200)}.`, 'Give the address of a mailbox.', {
    status: 404,
  })
}

function refuse(wrong: readonly string[]): AppError {
  return new AppError(
    'senders',
    `The lists cannot be saved: ${wrong.join('; ')}.`,
    `Give { "safe": […], "blocked": […] } with addresses and domains, at most ${MOST} in each.`,
    { status: 422 },
  )
}
