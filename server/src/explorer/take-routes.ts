import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Actor, Api } from '../access/index.ts'
import { type ActionId, type CsvColumn, csvParts, Uuid } from '../base/index.ts'
import { type FalsePositiveDeps, falsePositiveOffer } from './false-positive.ts'
import { takeAction } from './take-action.ts'
import { previewTake, targetPage } from './take-preview.ts'
import { TakeActionBody, TakenBody, TakePreview, TargetPage, type TargetRow, TargetsBody } from './take-schemas.ts'

// Each part of a wish asks for its own right; seeing what is there is the least.
const permission = 'mail.read'

export function registerTakeAction(app: Api, deps: FalsePositiveDeps): void {
  app.post(
    '/take-action/preview',
    {
      config: { permission },
      schema: {
        summary: 'What can be chosen for a selection, and what a whole wish would touch, from recorded state',
        body: TakeActionBody,
        response: { 200: TakePreview },
      },
    },
    ({ actor, body }) => previewTake(deps.remediation, actor, body),
  )
  app.post(
    '/take-action',
    {
      config: { permission },
      schema: {
        summary: 'Moves, release, submission and list entries under one name, all or nothing',
        body: TakeActionBody,
        response: { 200: TakenBody, 201: TakenBody },
      },
    },
    async ({ actor, body }, reply) => {
      const taken = await takeAction(deps, actor, body)
      return await reply.code(taken.repeated ? 200 : 201).send(taken)
    },
  )
  registerTargets(app, deps)
  app.get(
    '/actions/:id/false-positive',
    {
      config: { permission },
      schema: {
        summary: 'What rejecting it as a false positive would submit and allow',
        params: Type.Object({ id: Uuid<ActionId>() }),
        response: {
          200: Type.Object({
            messages: Type.Integer(),
            allow: Type.Array(
              Type.Object({
                kind: Type.String(),
                value: Type.String(),
                caution: Type.Union([Type.String(), Type.Null()]),
              }),
            ),
          }),
        },
      },
    },
    async ({ actor, params }) => {
      const { messages, allow } = await falsePositiveOffer(deps, actor, params.id)
      return { messages, allow: [...allow] }
    },
  )
}

const TARGETS: readonly CsvColumn<TargetRow>[] = [
  ['Impacted asset', (t) => t.recipient],
  ['Action', (t) => t.does],
  ['Target entity', (t) => t.messageId],
  ['Subject', (t) => t.subject],
  ['Sender', (t) => t.sender],
  ['Latest delivery location', (t) => t.location],
  ['Folder', (t) => t.folder],
  ['Reason', (t) => t.reason],
]
const PART = 5000
/** Rows of an export, as of the original. */
const MOST_ROWS = 100_000

function registerTargets(app: Api, { remediation }: FalsePositiveDeps): void {
  const page = async (actor: Actor, wish: TakeActionBody, limit: number, after: string | null) => {
    const { answer } = await remediation.plan(actor, { key: null, wish: null }, (desk) =>
      targetPage(desk, actor, wish, { limit, after }),
    )
    return answer as Awaited<ReturnType<typeof targetPage>>
  }
  app.post(
    '/take-action/targets',
    {
      config: { permission },
      schema: {
        summary: 'Each selected copy with its latest location, what would be done with it, and why nothing',
        body: TargetsBody,
        response: { 200: TargetPage },
      },
    },
    ({ actor, body: { limit, cursor, ...wish } }) => page(actor, wish, limit ?? 100, cursor ?? null),
  )
  app.post(
    '/take-action/targets.csv',
    { config: { permission }, schema: { summary: 'Impacted assets for a spreadsheet', body: TakeActionBody } },
    ({ actor, body }, reply) =>
      reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="Impacted assets.csv"')
        .send(Readable.from(csvParts(TARGETS, MOST_ROWS, (after) => page(actor, body, PART, after)))),
  )
}
