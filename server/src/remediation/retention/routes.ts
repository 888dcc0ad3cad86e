import { Type } from 'typebox'
import { type Api, InstantText } from '../../access/index.ts'
import type { AuditActor } from '../../audit/index.ts'
import type { TenantId } from '../../base/index.ts'
import { confirmClock, doubtSays, getRetention, retentionClock } from '../../organisation/index.ts'
import type { Storage } from '../../storage/index.ts'
import { countDue } from './due.ts'

export interface RetentionState {
  readonly at: string
  /** Up to then things may expire. */
  readonly trusted: string
  readonly doubt: { readonly since: string; readonly says: string } | null
  /** What has become due by the clock, and waits for the job, or for the clock to be trusted. */
  readonly due: { readonly softDeleted: number; readonly hardDeleted: number; readonly vault: number }
}

const State = Type.Object({
  at: InstantText,
  trusted: InstantText,
  doubt: Type.Union([Type.Object({ since: InstantText, says: Type.String() }), Type.Null()]),
  due: Type.Object({ softDeleted: Type.Integer(), hardDeleted: Type.Integer(), vault: Type.Integer() }),
})

type Reads = Pick<Storage, 'tenant'>

export const retentionState = (storage: Reads, tenant: TenantId, now: Date): Promise<RetentionState> =>
  storage.tenant(tenant, async (tx) => {
    const clock = await retentionClock(tx)
    return {
      at: now.toISOString(),
      trusted: (clock?.trusted ?? now).toISOString(),
      doubt: clock?.doubt ? { since: clock.doubt.since.toISOString(), says: doubtSays(clock) ?? '' } : null,
      due: await countDue(tx, tenant, await getRetention(tx), now),
    }
  })

export function registerRetention(app: Api, storage: Reads): void {
  app.get(
    '/retention/state',
    {
      config: { permission: 'settings.read' },
      schema: { summary: 'What is due, and whether the clock is trusted', response: { 200: State } },
    },
    ({ actor }) => retentionState(storage, actor.tenant, new Date()),
  )
  app.post(
    '/retention/confirm',
    {
      config: { permission: 'settings.write' },
      schema: { summary: 'The clock is right: what became due by its jump may expire', response: { 200: State } },
    },
    async ({ actor }) => {
      const by: AuditActor = { user: actor.user, name: actor.name }
      await storage.tenant(actor.tenant, (tx) => confirmClock(tx, new Date(), by))
      return retentionState(storage, actor.tenant, new Date())
    },
  )
}
