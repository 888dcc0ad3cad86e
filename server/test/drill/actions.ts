import type { Server } from './server.ts'

export interface Counts {
  readonly total: number
  readonly done: number
  readonly [name: string]: number
}

/** An action as API and command line show it, as far as the drill looks at it. */
export interface Action {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly kind: string
  readonly cause: { readonly kind: string; readonly id: string } | null
  readonly counts: Counts
}

export interface Item {
  readonly id: string
  readonly recipient: string
  readonly messageId: string
  readonly state: string
  readonly reason: string | null
  readonly lost: readonly string[]
  readonly verifiedAt: string | null
}

const RUNS = ['queued', 'running']
export const runs = (action: Pick<Action, 'state'>): boolean => RUNS.includes(action.state)

/** Actions as the analyst sees them in the terminal. */
export async function allActions(server: Server): Promise<readonly Action[]> {
  return (JSON.parse((await server.cli(['actions', '--json'])).out) as { items: Action[] }).items
}

export async function itemsOf(server: Server, action: string): Promise<readonly Item[]> {
  const { out } = await server.cli(['action', 'show', action, '--items', '--json'])
  return (JSON.parse(out) as { items: Item[] }).items
}
