import { sql } from 'kysely'
import { type ActionId, type MailboxId, messageOf, type TenantId } from '../../base/index.ts'
import type { WayBackProof } from '../../mailboxes/index.ts'
import { jsonText } from '../../storage/index.ts'
import type { WorkDeps } from '../desk/desk.ts'
import { reached } from '../desk/due.ts'
import type { HomeOf, MailboxHome } from '../desk/outside.ts'

export interface Prover {
  /**
   * Proves the way back for every action that waits for it. An action for which it fails does not start; it says why and is tried again later.
   * Always resolves to true: actions that need no proof, or have it, go on.
   */
  ready(tenant: TenantId): Promise<boolean>
}

/** Mailboxes of an action that are asked to find its servers. */
const SAMPLE = 200

export function createProver(deps: WorkDeps, homeOf: HomeOf): Prover {
  const { storage, clock, tuning, log } = deps
  const proven = new Map<string, WayBackProof>()

  async function proofOf(home: MailboxHome): Promise<WayBackProof> {
    const known = proven.get(home.server)
    if (known && clock().getTime() - known.at.getTime() < tuning.proofMs) return known
    const proof = await home.provider.proveWayBack(home.account)
    if (proof.ok) proven.set(home.server, proof)
    return proof
  }

  /** One mailbox for each server that the action touches. */
  async function servers(tenant: TenantId, action: ActionId): Promise<readonly MailboxHome[]> {
    const rows = await storage.tenant(tenant, (tx) =>
      sql<{ mailbox_id: MailboxId }>`select distinct mailbox_id from action_item where tenant_id = ${tenant}
        and action_id = ${action} and mailbox_id is not null and state in ('approved', 'failed') limit ${SAMPLE}`.execute(
        tx,
      ),
    )
    const homes = new Map<string, MailboxHome>()
    for (const { mailbox_id } of rows.rows) {
      const home = await homeOf(tenant, mailbox_id)
      if (home && !homes.has(home.server)) homes.set(home.server, home)
    }
    return [...homes.values()]
  }

  async function prove(tenant: TenantId, action: ActionId): Promise<void> {
    const steps: string[] = []
    let problem: string | null = null
    for (const home of await servers(tenant, action)) {
      const proof = await proofOf(home).catch(
        (error): WayBackProof => ({ ok: false, at: clock(), steps: [`failed: ${messageOf(error)}`] }),
      )
      steps.push(...proof.steps.map((s) => `${home.account.login}: ${s}`))
      if (!proof.ok)
        problem = `What would be taken could not be put back on this server: ${proof.steps.at(-1) ?? 'no proof'}`
    }
    const blocked = problem === null ? null : new Date(clock().getTime() + tuning.backoffMs)
    await storage.tenant(tenant, (tx) =>
      sql`update action set proven = ${problem === null}, proof = ${jsonText(steps)}::jsonb, problem = ${problem},
        blocked_until = ${blocked} where tenant_id = ${tenant} and id = ${action}`.execute(tx),
    )
    if (problem !== null) log.warn({ action, problem }, 'an action does not start: the way back is not proven')
  }

  return {
    ready: async (tenant) => {
      const waiting = await storage.tenant(tenant, (tx) =>
        sql<{ id: ActionId }>`select id from action where tenant_id = ${tenant} and state in ('queued', 'running')
          and not proven and (blocked_until is null or ${reached(sql`blocked_until`, clock())}) order by id`.execute(
          tx,
        ),
      )
      for (const { id } of waiting.rows) await prove(tenant, id)
      return true
    },
  }
}
