import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { AppError } from '../base/index.ts'
import type { StoredJudgement } from './replay.ts'
import type { StoredInput } from './types.ts'

const Entity = Type.Object({ kind: Type.String(), value: Type.String() })
const Place = Type.Enum(['deliver', 'junk', 'quarantine'])
const Result = Type.String()

/** `verdict.inputs` as it must be to be replayed; more than that may be there. */
const Inputs = Type.Object({
  entities: Type.Array(Entity),
  authentication: Type.Object({ source: Type.String(), aligned: Type.Boolean(), spf: Type.Object({ result: Result }) }),
  entries: Type.Array(
    Type.Object({
      id: Type.String(),
      version: Type.Integer(),
      action: Type.Enum(['allow', 'block']),
      kind: Type.String(),
      value: Type.String(),
      expiresAt: Type.Union([Type.String(), Type.Null()]),
      origin: Type.Enum(['direct', 'submission']),
    }),
  ),
  policy: Type.Object({
    mode: Type.Enum(['standard', 'strict', 'observe']),
    version: Type.Integer(),
    thresholds: Type.Object({ suspicious: Type.Number(), high: Type.Number() }),
    unparsable: Place,
  }),
  unparsable: Type.Union([Type.String(), Type.Null()]),
  now: Type.String(),
})

const Judged = Type.Object({
  signals: Type.Array(Type.Object({ id: Type.String(), weight: Type.Number() })),
  inputs: Inputs,
})

/**
 * A stored verdict's evidence, ready for `replay`. Throws AppError `verdict-not-replayable` for one that was stored without
 * what replay needs.
 */
export function storedJudgement(stored: {
  readonly signals: StoredJudgement['signals']
  readonly inputs: Readonly<Record<string, unknown>>
}): StoredJudgement {
  if (isReplayable(stored)) return stored
  const [first] = Value.Errors(Judged, stored)
  throw new AppError(
    'verdict-not-replayable',
    `The stored verdict lacks what it was decided by${first ? ` (${first.instancePath}: ${first.message})` : ''}.`,
    'It can be read, but not judged again.',
    { status: 422 },
  )
}

type Loose = { readonly signals: StoredJudgement['signals']; readonly inputs: Readonly<Record<string, unknown>> }

const isReplayable = (stored: Loose): stored is Loose & { readonly inputs: StoredInput & Static<typeof Inputs> } =>
  Value.Check(Judged, stored)
