import { sql } from 'kysely'
import { type Log, messageOf, type TenantId } from '../../base/index.ts'
import type { Storage } from '../../storage/index.ts'
import {
  fitSlowly,
  type Lesson,
  type Model,
  packModel,
  SHIPPED,
  startWeights,
  unpackModel,
  unpackPlaces,
  versionOf,
} from './classifier/index.ts'

/** How long a process may judge by a model that has been replaced. */
const FRESH_MS = 2_000
/** A model takes 2 MB. */
const MAX_KEPT = 200

interface Kept {
  readonly fitted: string
  readonly model: Model
  checkedAt: number
}

/** The classifiers of all tenants, kept in memory while they are in use. */
export interface Models {
  /** Never rejects: where it cannot be read, the shipped start judges. */
  modelOf(tenant: TenantId): Promise<Model>
  /** Works out the weights when lessons were taught or forgotten since; returns whether it did. */
  refit(tenant: TenantId): Promise<boolean>
}

/** The classifiers, by organisation, as their lessons are in the database; other processes' lessons are seen within seconds. */
export function createModels(storage: Pick<Storage, 'tenant'>, log: Pick<Log, 'warn'>): Models {
  const kept = new Map<TenantId, Kept>()

  async function load(tenant: TenantId, before: Kept | undefined): Promise<Kept> {
    const row = await storage.tenant(tenant, async (tx) => {
      const state = await tx.selectFrom('classifier_model').select('fitted').executeTakeFirst()
      if (state === undefined) return null
      if (state.fitted === before?.fitted) return { ...state, model: before.model }
      const full = await tx.selectFrom('classifier_model').select(['fitted', 'bytes']).executeTakeFirstOrThrow()
      const model = full.bytes === null ? SHIPPED : unpackModel(full.bytes, 'of this organisation')
      return { fitted: full.fitted, model }
    })
    return { ...(row ?? { fitted: '0', model: SHIPPED }), checkedAt: Date.now() }
  }

  async function modelOf(tenant: TenantId): Promise<Model> {
    const before = kept.get(tenant)
    if (before && Date.now() - before.checkedAt < FRESH_MS) return before.model
    try {
      const now = await load(tenant, before)
      kept.delete(tenant)
      kept.set(tenant, now)
      const oldest = kept.keys().next()
      if (kept.size > MAX_KEPT && !oldest.done) kept.delete(oldest.value)
      return now.model
    } catch (error) {
      log.warn({ tenant, reason: messageOf(error) }, 'the classifier could not be read')
      return before?.model ?? SHIPPED
    }
  }

  async function refit(tenant: TenantId): Promise<boolean> {
    const taken = await storage.tenant(tenant, async (tx) => {
      const state = await tx.selectFrom('classifier_model').select(['wanted', 'fitted']).executeTakeFirst()
      if (state === undefined || state.wanted === state.fitted) return null
      const rows = await tx.selectFrom('classifier_lesson').select(['message_hash', 'class', 'kin', 'places']).execute()
      const lessons = rows.map(
        (row): Lesson => ({ hash: row.message_hash, as: row.class, kin: row.kin, places: unpackPlaces(row.places) }),
      )
      return { wanted: Number(state.wanted), lessons }
    })
    if (taken === null) return false
    const { lessons, wanted } = taken
    const model: Model = { version: versionOf(lessons), weights: await fitSlowly(lessons, startWeights()) }
    // Somebody who began later and was faster has the newer lessons.
    await storage.tenant(tenant, (tx) =>
      sql`update classifier_model set fitted = ${wanted}, version = ${model.version},
        bytes = ${lessons.length === 0 ? null : packModel(model)}, fitted_at = now()
        where tenant_id = recourse_tenant() and fitted < ${wanted}`.execute(tx),
    )
    kept.delete(tenant)
    return true
  }

  return { modelOf, refit }
}
