import { type TSchema, Type } from 'typebox'
import { type Api, requireAllow } from '../access/index.ts'
import type { EntryId, SubmissionId } from '../base/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { addEntries, MOST, type Outcome, removeEntries } from './many.ts'
import { EntryBody, EntryRow, entryRow } from './schemas.ts'

export interface ManyDeps {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
  readonly checkSubmission: (tx: Tx, id: string | null) => Promise<SubmissionId | null>
}

const orNull = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()])
const { value, ...common } = EntryBody.properties

const Outcomes = Type.Object({
  results: Type.Array(
    Type.Object({
      of: Type.String(),
      status: Type.Enum(['succeeded', 'skipped', 'failed']),
      entry: orNull(EntryRow),
      error: orNull(Type.Object({ code: Type.String(), message: Type.String(), cure: Type.String() })),
    }),
  ),
})

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
        body: Type.Object(
          { ...common, values: Type.Array(value, { minItems: 1, maxItems: MOST }) },
          { additionalProperties: false },
        ),
        response: { 200: Outcomes },
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
          { ids: Type.Array(Type.String({ format: 'uuid' }), { minItems: 1, maxItems: MOST }) },
          { additionalProperties: false },
        ),
        response: { 200: Outcomes },
      },
    },
    async ({ actor, body }) =>
      storage.tenant(actor.tenant, async (tx) =>
        view(await removeEntries(tx, storage.outbox, actor, body.ids as EntryId[])),
      ),
  )
}
