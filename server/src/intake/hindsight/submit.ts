import { sql } from 'kysely'
import { AppError, type TenantId } from '../../base/index.ts'
import type { ActionRequest, Remediation } from '../../remediation/index.ts'
import type { Tx } from '../../storage/index.ts'

/** Nobody asks for it: guards keep away from what was undone. */
export async function submitAutomatic(
  tx: Tx,
  remediation: Pick<Remediation, 'submit'>,
  tenant: TenantId,
  request: ActionRequest,
): Promise<void> {
  const permissions = new Set(['remediation.propose', 'remediation.approve'])
  // A refusal may come after something was written down: none of it may stay.
  await sql`savepoint hindsight`.execute(tx)
  try {
    await remediation.submit({ tenant, user: null, name: 'ZAP', permissions }, request, tx)
  } catch (error) {
    // None of the copies is there any more: the verdict stands, nothing is to be done. All else is tried again, verdict and action together.
    if (!(error instanceof AppError) || !OVER.has(error.code)) throw error
    await sql`rollback to savepoint hindsight`.execute(tx)
  }
}

/** `already-released`, `not-releasable`: somebody was faster. */
const OVER: ReadonlySet<string> = new Set(['nothing-selected', 'already-released', 'not-releasable'])
