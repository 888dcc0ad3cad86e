import { type Static, Type } from 'typebox'
import { type Api, InstantText } from '../../access/index.ts'
import type { AuditActor } from '../../audit/index.ts'
import type { TenantId } from '../../base/index.ts'
import {
  confirmClock,
  doubtSays,
  getRetention,
  type Retention,
  retentionClock,
  retentionWith,
} from '../../organisation/index.ts'
import { countCleanBytes } from '../../records/index.ts'
import type { Storage, Tx } from '../../storage/index.ts'
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

export const RetentionEffect = Type.Object({
  at: InstantText,
  version: Type.Integer({ description: 'what is in force now, and was compared with' }),
  ends: Type.Object(
    {
      softDeleted: Type.Integer({ description: 'copies' }),
      hardDeleted: Type.Integer({ description: 'copies' }),
      clean: Type.Integer({ description: 'messages whose bytes are not kept any more; mailboxes keep their copies' }),
    },
    { description: 'what the change would end that would be kept without it, by now' },
  ),
})

type Reads = Pick<Storage, 'tenant'>
const DAY_MS = 86_400_000

/** What is held and what the vault has was stamped when it came, so a change reaches what is deleted and what is clean only. */
async function overWith(tx: Tx, tenant: TenantId, retention: Retention, now: Date) {
  const { softDeleted, hardDeleted } = await countDue(tx, tenant, retention, now)
  return {
    softDeleted,
    hardDeleted,
    clean: await countCleanBytes(tx, new Date(now.getTime() - retention.clean * DAY_MS)),
  }
}

export const retentionEffect = (
  storage: Reads,
  tenant: TenantId,
  change: unknown,
  now: Date,
): Promise<Static<typeof RetentionEffect>> =>
  storage.tenant(tenant, async (tx) => {
    const { before, after } = await retentionWith(tx, change)
    const [was, will] = [await overWith(tx, tenant, before, now), await overWith(tx, tenant, after, now)]
    const more = (key: keyof typeof was) => Math.max(0, will[key] - was[key])
    return {
      at: now.toISOString(),
      version: before.version,
      ends: { softDeleted: more('softDeleted'), hardDeleted: more('hardDeleted'), clean: more('clean') },
    }
  })

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
  app.post(
    '/retention/preview',
    {
      config: { permission: 'settings.read' },
      schema: {
        summary: 'What a change of the retention would end, counted; nothing is saved',
        body: Type.Unknown(),
        response: { 200: RetentionEffect },
      },
    },
    ({ actor, body }) => retentionEffect(storage, actor.tenant, body, new Date()),
  )
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
