import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { htmlFacts, inside, writingFacts } from './facts-schema.ts'
import type { ParseOutcome } from './types.ts'

// The child that parses may have been taken over by what it parses: its answer is checked like any other input.
const text = (maxLength: number) => Type.String({ maxLength })
const textOrNull = (maxLength: number) => Type.Union([text(maxLength), Type.Null()])

const address = Type.Object({ name: text(512), address: textOrNull(320), raw: text(1_024) })
const addresses = Type.Array(address, { maxItems: 10_000 })
const result = Type.Union(
  (['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror', 'policy', 'unknown'] as const).map((r) =>
    Type.Literal(r),
  ),
)
const place = Type.Union(
  (['link', 'text', 'form', 'image', 'attachment', 'header', 'qr'] as const).map((p) => Type.Literal(p)),
)
const fingerprint = Type.Union([Type.String({ pattern: '^[0-9a-f]{16}$' }), Type.Null()])

const reason = Type.Optional(text(300))

const authentication = Type.Object({
  source: Type.Union([Type.Literal('trusted-header'), Type.Literal('own-check'), Type.Literal('none')]),
  spf: Type.Object({ result, domain: textOrNull(1_024), reason }),
  dkim: Type.Array(Type.Object({ result, domain: textOrNull(1_024), selector: textOrNull(16_384), reason }), {
    maxItems: 50,
  }),
  dmarc: Type.Object({ result, domain: textOrNull(1_024), policy: textOrNull(64) }),
  arc: result,
  sealed: Type.Optional(
    Type.Array(
      Type.Object({
        sealer: text(253),
        spf: Type.Object({ result, domain: textOrNull(1_024) }),
        dkim: Type.Array(Type.Object({ result, domain: textOrNull(1_024) }), { maxItems: 10 }),
        dmarc: Type.Object({ result, domain: textOrNull(1_024) }),
        aligned: Type.Boolean(),
      }),
      { maxItems: 10 },
    ),
  ),
  aligned: Type.Boolean(),
})

const mail = Type.Object({
  internetMessageId: textOrNull(998),
  subject: text(4_096),
  date: textOrNull(30),
  headers: Type.Array(Type.Object({ name: text(200), value: text(8_192) }), { maxItems: 1_000 }),
  from: addresses,
  fromHeaders: Type.Integer({ minimum: 0 }),
  sender: Type.Union([address, Type.Null()]),
  replyTo: addresses,
  to: addresses,
  cc: addresses,
  returnPath: textOrNull(512),
  urls: Type.Array(
    Type.Object({ url: text(4_096), host: text(4_096), domain: textOrNull(4_096), place, anchor: textOrNull(512) }),
    { maxItems: 1_100 },
  ),
  attachments: Type.Array(
    Type.Object({
      name: text(255),
      declaredType: text(127),
      realType: textOrNull(255),
      size: Type.Integer({ minimum: 0 }),
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      inline: Type.Boolean(),
      contentId: textOrNull(255),
      inside: Type.Optional(inside),
    }),
    { maxItems: 500 },
  ),
  text: text(65_536),
  hasHtml: Type.Boolean(),
  html: Type.Union([htmlFacts, Type.Null()]),
  writing: writingFacts,
  authentication,
  fingerprints: Type.Object({
    subject: fingerprint,
    body: fingerprint,
    structure: Type.Optional(fingerprint),
    urls: Type.Optional(fingerprint),
    image: Type.Optional(fingerprint),
  }),
  defects: Type.Array(text(1_000), { maxItems: 50 }),
})

const outcomeSchema = Type.Union([
  Type.Object({ kind: Type.Literal('parsed'), mail }),
  Type.Object({ kind: Type.Literal('unparsable'), why: text(1_000), mail }),
])

const outcome = Compile(outcomeSchema)
const rendered = Compile(Type.Object({ html: text(16 * 1024 * 1024) }))

/** A parse outcome from a child, or null when it does not have the shape and bounds of one. */
export function readOutcome(value: unknown): ParseOutcome | null {
  if (!outcome.Check(value)) return null
  const checked: Static<typeof outcomeSchema> = value
  return checked
}

export function readRendered(value: unknown): { html: string } | null {
  return rendered.Check(value) ? value : null
}
