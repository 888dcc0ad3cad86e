import { sql } from 'kysely'
import { AppError, type TenantId } from '../base/index.ts'
import type { ActionRequest, Remediation } from '../remediation/index.ts'
import type { Tx } from '../storage/index.ts'

/** What intake asks for by itself, under this name. Nobody asks for it: guards keep away from what was undone. */
export async function submitAutomatic(
  tx: Tx,
  remediation: Pick<Remediation, 'submit'>,
  who: { readonly tenant: TenantId; readonly name: string },
  request: ActionRequest,
): Promise<void> {
  const permissions = new Set(['remediation.propose', 'remediation.approve'])
  // A refusal may come after something was written down: none of it may stay.
  await sql`savepoint automatic`.execute(tx)
  try {
    await remediation.submit({ ...who, user: null, permissions }, { ...request, source: 'automation' }, tx)
  } catch (error) {
    if (!(error instanceof AppError) || !OVER.has(error.code)) throw error
    await sql`rollback to savepoint automatic`.execute(tx)
  }
}

/** None of the copies is there any more, or somebody was faster: nothing is to be done. */
const OVER: ReadonlySet<string> = new Set(['nothing-selected', 'already-released', 'not-releasable'])
