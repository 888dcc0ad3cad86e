import { messageOf, type TenantId } from '../base/index.ts'
import type { Storage } from './types.ts'

/**
 * Does the work for one organisation after the other. What fails for one holds up no other; it is thrown when all have had their turn:
 * the error itself, or an AggregateError of several.
 */
export async function eachTenant(
  storage: Pick<Storage, 'tenants'>,
  work: (tenant: TenantId) => Promise<unknown>,
): Promise<void> {
  const failed: unknown[] = []
  for (const tenant of await storage.tenants())
    await work(tenant).catch((error: unknown) => {
      failed.push(error)
    })
  const [first] = failed
  if (failed.length > 1)
    throw new AggregateError(failed, `It failed for ${failed.length} organisations; for the first: ${messageOf(first)}`)
  if (failed.length === 1) throw first
}
