import { setTimeout as pause } from 'node:timers/promises'
import { type Action, allActions, runs } from './actions.ts'
import { CDN } from './company.ts'
import type { Server } from './server.ts'

export interface Repaired {
  /** Copies that had been taken when it was stopped. */
  readonly taken: number
  /** The action that gave all back. */
  readonly undo: string
}

interface Plan {
  readonly copies: number
  readonly exact: number
  readonly mailboxes: number
}

/** What is done beside, while the analyst works. */
export interface Beside {
  /** Told when a step is over, and when it began. */
  step(what: string, since: number): void
  say(line: string): void
  /** While the undo runs. */
  undoing(action: string, copies: number): Promise<void>
}

/** Somebody with nothing but `recourse …`: finds the cause, looks at what it did, stops what still runs, undoes it all and binds the cause. */
export async function repair(server: Server, beside: Beside): Promise<Repaired> {
  let at = performance.now()
  const sat = at
  const step = (what: string) => {
    beside.step(what, at)
    at = performance.now()
  }
  const [big] = [...(await allActions(server))].sort((a, b) => b.counts.total - a.counts.total)
  if (!big) throw new Error('the analyst sees no action')
  const entry = await causeOf(server, big.id)
  step('the cause is found')
  const what = await undoArgs(server, entry, big.id)
  await server.cli(['undo', ...what, '--preview'], true)
  step('the blast radius is seen')
  await server.cli(['cancel', big.id, '--why', `${CDN} is good`], true)
  const stopped = await ended(server, big.id)
  step('what still runs is stopped')
  const plan = JSON.parse((await server.cli(['undo', ...what, '--preview', '--json'])).out) as Plan
  beside.say(`to be undone: ${plan.copies} copies in ${plan.mailboxes} mailboxes, ${plan.exact} exactly`)
  const { out } = await server.cli(['undo', ...what, '--suspend-cause', '--json'])
  const { id } = JSON.parse(out) as { id: string }
  await beside.undoing(id, plan.copies)
  await ended(server, id)
  step('everything is undone, the cause bound')
  beside.step('in all', sat)
  return { taken: stopped.counts.done, undo: id }
}

/** The list entry that made the server take the mail. */
async function causeOf(server: Server, action: string): Promise<string> {
  const shown = JSON.parse((await server.cli(['action', 'show', action, '--json'])).out) as Action
  if (shown.cause?.kind !== 'entry') throw new Error('the action does not say what caused it')
  const { id } = shown.cause
  const { items } = JSON.parse((await server.cli(['entry', 'list', '--json'])).out) as {
    items: { id: string; value: string }[]
  }
  if (items.find((e) => e.id === id)?.value !== CDN) throw new Error('the cause is not the bad rule')
  return id
}

/** By its cause, once the command line knows how; else by the action. */
async function undoArgs(server: Server, entry: string, action: string): Promise<readonly string[]> {
  const help = (await server.cli(['undo', '--help'])).out
  return help.includes('--by-entry') ? ['--by-entry', entry] : [action]
}

async function ended(server: Server, id: string): Promise<Action> {
  for (;;) {
    const action = (await server.call('GET', `/actions/${id}`)) as Action
    if (!runs(action)) return action
    await pause(200)
  }
}
