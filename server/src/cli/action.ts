import { AppError } from '../base/index.ts'
import type { Json } from './arguments.ts'
import type { Client } from './client.ts'
import { facts, json, line, plain, time } from './out.ts'
import { Action, Item, listOf } from './shapes.ts'

// One action of the Action center, as several commands find it, follow it to its end and show it.

export const KINDS = ['move', 'soft-delete', 'hard-delete', 'quarantine', 'release']
const OVER = new Set([
  'completed',
  'partially-completed',
  'failed',
  'rejected',
  'expired',
  'undone',
  'partially-undone',
  'cancelled',
])

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The id of an action, given by itself or by its approval ID, which several steps may share. */
export async function idsOf(client: Client, given: string, only?: 'pending'): Promise<string[]> {
  if (UUID.test(given)) return [given]
  const query = { approval: given, limit: 500, ...(only ? { tab: only } : {}) }
  const { items } = await client.call(listOf(Action), 'GET', '/actions', undefined, query)
  if (items.length > 0) return items.map((a) => a.id)
  throw new AppError(
    'no-action',
    only ? `Nothing with the approval ID ${given} waits for a decision.` : `There is no action ${given}.`,
    'Look at "recourse actions".',
  )
}

/** What a command that has started an action tells of it; with `wait` when it has ended, and exit code 1 if not all was done. */
export async function started(
  client: Client,
  submitted: { id: string; name: string; state: string },
  options: Json & { wait?: true },
): Promise<void> {
  if (!options.wait || submitted.state === 'pending-approval') {
    if (options.json) return json(submitted)
    return line(plain(`${submitted.name}: ${submitted.state} (${submitted.id})`))
  }
  const action = await ended(client, submitted.id, !options.json)
  if (options.json) json(action)
  else showAction(action)
  if (action.state !== 'completed') process.exitCode = 1
}

/** Asks until nothing is left to do, showing how far it is. */
export async function ended(client: Client, id: string, tell: boolean): Promise<Action> {
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 2000)) {
    const action = await client.call(Action, 'GET', `/actions/${id}`)
    const { counts } = action
    const left = counts.planned + counts.executing
    if (tell && process.stderr.isTTY)
      process.stderr.write(`\r${counts.total - left}/${counts.total} ${action.state}   `)
    if (OVER.has(action.state)) {
      if (tell && process.stderr.isTTY) process.stderr.write('\n')
      return action
    }
    await new Promise((done) => setTimeout(done, pause))
  }
}

export function showAction(a: Action): void {
  facts([
    ['Action', `${a.name} (${a.id})`],
    ['Approval ID', a.approvalId],
    ['State', a.state],
    ...(a.decidedBy ? ([['Decided by', a.decidedBy]] as const) : []),
    ...(a.state === 'pending-approval' ? ([['Expires', time(a.expiresAt)]] as const) : []),
    ['By', a.requestedBy.name],
    ['Made', time(a.createdAt)],
    ['Ended', time(a.endedAt)],
    ...(a.undoes.length > 0 ? ([['Undoes', a.undoes.join(', ')]] as const) : []),
    ...(a.undoneBy ? ([['Undone by', a.undoneBy]] as const) : []),
    [
      'Items',
      Object.entries(a.counts)
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    ],
  ])
}

/** Reasons with their counts, under a title. */
export function reasons(title: string, list: readonly { reason: string; count: number }[], always = false): void {
  if (list.length === 0 && !always) return
  line(`${title}:`)
  for (const { reason, count } of list) line(`  ${count} × ${plain(reason)}`)
}

/** Items of an action, page by page. */
export async function allItems(client: Client, id: string, only: Record<string, string> = {}): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const query: Record<string, string> = { ...only, limit: '500', ...(cursor === null ? {} : { cursor }) }
    const page: { items: Item[]; next: string | null } = await client.call(
      listOf(Item),
      'GET',
      `/actions/${encodeURIComponent(id)}/items`,
      undefined,
      query,
    )
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return items
}
