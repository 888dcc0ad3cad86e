import { Type } from 'typebox'
import { type Api, requireAllow } from '../access/index.ts'
import { type EntryId, type SubmissionId, Uuid } from '../base/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { addEntries, type Outcome, removeEntries } from './many.ts'
import { entryRow, ManyBody, ManyOutcomes, MOST } from './schemas.ts'

export interface ManyDeps {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
  readonly checkSubmission: (tx: Tx, id: string | null) => Promise<SubmissionId | null>
}

const view = (results: readonly Outcome[]) => ({
  results: results.map((r) => ({ ...r, entry: r.entry === null ? null : entryRow(r.entry) })),
})

/** Several entries in one request; each line has a result of its own. */
export function registerMany(app: Api, { storage, checkSubmission }: ManyDeps): void {
  app.post(
    '/entries/add',
    {
      config: { permission: 'lists.write' },
      schema: {
        summary: `Add entries of one action and kind, up to ${MOST}; what is refused stops no other`,
        body: ManyBody,
        response: { 200: ManyOutcomes },
      },
    },
    async ({ actor, body: { values, ...wanted } }) => {
      if (wanted.action === 'allow') requireAllow(actor)
      return storage.tenant(actor.tenant, async (tx) => {
        const submissionId = await checkSubmission(tx, wanted.submissionId ?? null)
        return view(await addEntries(tx, storage.outbox, actor, values, { ...wanted, submissionId }))
      })
    },
  )

  app.post(
    '/entries/remove',
    {
      config: { permission: 'lists.write' },
      schema: {
        summary: `Remove up to ${MOST} entries; they stay readable`,
        body: Type.Object(
          { ids: Type.Array(Uuid<EntryId>(), { minItems: 1, maxItems: MOST }) },
          { additionalProperties: false },
        ),
        response: { 200: ManyOutcomes },
      },
    },
    async ({ actor, body }) =>
      storage.tenant(actor.tenant, async (tx) => view(await removeEntries(tx, storage.outbox, actor, body.ids))),
  )
}
