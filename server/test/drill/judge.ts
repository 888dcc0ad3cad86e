import { appendFileSync } from 'node:fs'
import { allActions, type Item, itemsOf } from './actions.ts'
import type { Found } from './company.ts'
import { type Case, explain, isExact, type Span } from './explain.ts'
import type { Server } from './server.ts'
import type { Deed } from './users.ts'

export interface Judged {
  /** Exactly as before, or as their users have put them since. */
  readonly exact: number
  readonly byUsers: number
  readonly reasons: ReadonlyMap<string, number>
  /** Not as before, and no record shows why: must be empty. */
  readonly unexplained: readonly string[]
  /** Copies that are still kept from their readers, though nothing says that they are in doubt. */
  readonly kept: number
}

type Truth = ReadonlyMap<string, readonly Found[]>
type Own = Item & { readonly action: string }

/** Every item of the takes and then of the undo, by copy; what says done must have been read back. */
async function itemsByCopy(server: Server, undo: string): Promise<ReadonlyMap<string, readonly Own[]>> {
  const takes = (await allActions(server)).filter((a) => a.kind === 'quarantine').map((a) => a.id)
  const all: Own[] = []
  for (const action of [...takes, undo]) {
    for (const item of await itemsOf(server, action)) {
      if (item.state === 'done' && item.verifiedAt === null) throw new Error(`done and not read back: ${item.id}`)
      all.push({ ...item, action })
    }
  }
  return Map.groupBy(all, (i) => `${i.recipient}\n${i.messageId}`)
}

/** When an item's copy was being moved: from each intent that was written down to the next thing that was. */
async function spansOf(server: Server, { action, id }: Own): Promise<readonly Span[]> {
  const { items } = (await server.call('GET', `/actions/${action}/items/${id}/transitions`)) as {
    items: { at: string; to: string }[]
  }
  return items.flatMap(({ at, to }, n) => {
    const next = items[n + 1]?.at
    return to === 'executing' ? [{ from: Date.parse(at), to: next === undefined ? Date.now() : Date.parse(next) }] : []
  })
}

/** Compares the mail server's files before and after, and asks each record why a copy is not as before. */
export async function judge(
  server: Server,
  truth: { readonly before: Truth; readonly after: Truth },
  deeds: readonly Deed[],
  { undo, report, say }: { undo: string; report: string | undefined; say(line: string): void },
): Promise<Judged> {
  const items = await itemsByCopy(server, undo)
  const byUser = Map.groupBy(deeds, (d) => `${d.mailbox}\n${d.id}`)
  const reasons = new Map<string, number>()
  const unexplained: string[] = []
  let exact = 0
  let byUsers = 0
  let kept = 0
  for (const [key, [was]] of truth.before) {
    if (!was) continue
    const own = byUser.get(key) ?? []
    const seen: Case = { was, deeds: own, is: truth.after.get(key) ?? [], spans: [], told: null }
    if (own.some((d) => d.confirmed)) byUsers++
    if (isExact(seen)) {
      exact++
      continue
    }
    const mine = items.get(key) ?? []
    const spans = (await Promise.all(mine.map((i) => spansOf(server, i)))).flat()
    const full: Case = { ...seen, spans, told: mine.at(-1) ?? null }
    const why = explain(full)
    if (report !== undefined) appendFileSync(report, `${JSON.stringify({ why, ...full })}\n`)
    if (why === null) unexplained.push(JSON.stringify(full))
    else reasons.set(why, (reasons.get(why) ?? 0) + 1)
    if (full.is.some((c) => c.folder === '(held)') && full.told?.state !== 'ambiguous') kept++
  }
  say(
    `${exact} of ${truth.before.size} exactly as before or as their users have put them since (${byUsers} touched by users)`,
  )
  for (const [why, n] of reasons) say(`  ${n} × ${why}`)
  for (const line of unexplained.slice(0, 5)) say(`  unexplained: ${line}`)
  return { exact, byUsers, reasons, unexplained, kept }
}
