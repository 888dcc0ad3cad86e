import Type from 'typebox'

// Shapes and bounds of `facts.ts`: what a child may answer about the inside of a message.
const text = (maxLength: number) => Type.String({ maxLength })
const textOrNull = (maxLength: number) => Type.Union([text(maxLength), Type.Null()])
const count = Type.Integer({ minimum: 0 })
const list = (of: number, maxItems: number) => Type.Array(text(of), { maxItems })
const oneOf = <const T extends string>(values: readonly T[]) => Type.Union(values.map((v) => Type.Literal(v)))

const HIDINGS = ['not-shown', 'zero-font', 'tiny-font', 'same-colour', 'off-screen', 'no-room'] as const

const form = Type.Object({
  host: textOrNull(4_096),
  method: oneOf(['get', 'post']),
  fields: count,
  passwords: count,
})
const forms = Type.Array(form, { maxItems: 10 })

export const htmlFacts = Type.Object({
  size: count,
  visible: count,
  hidden: count,
  hiddenBy: Type.Array(Type.Object({ how: oneOf(HIDINGS), characters: count }), { maxItems: 6 }),
  hiddenSample: text(200),
  comments: count,
  forms,
  passwords: count,
  images: Type.Object({ remote: count, inline: count, data: count, linked: count, pixels: count }),
  links: count,
  scripts: count,
  handlers: count,
  frames: count,
  refreshes: count,
  odd: Type.Array(Type.Object({ scheme: text(40), sample: text(200) }), { maxItems: 20 }),
  base: textOrNull(4_096),
  drawn: count,
})

export const writingFacts = Type.Object({
  language: textOrNull(8),
  charsets: list(40, 10),
  invisible: count,
  invisibleWords: list(60, 20),
  turning: count,
  mixed: list(60, 20),
  afterGap: count,
  plain: Type.Optional(Type.Boolean()),
  agreement: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 100 }), Type.Null()])),
  packed: Type.Optional(Type.Boolean()),
})

const archive = Type.Object({
  kind: oneOf(['zip', 'rar', '7z', 'tar', 'gzip', 'bzip2', 'xz', 'cab', 'iso', 'arj', 'ace', 'lzh']),
  entries: Type.Array(
    Type.Object({
      ...{ name: text(255), type: textOrNull(255), size: count, encrypted: Type.Boolean() },
      sha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    }),
    { maxItems: 100 },
  ),
  count,
  encrypted: Type.Boolean(),
  depth: count,
  stopped: textOrNull(200),
})

const office = Type.Object({
  macros: Type.Boolean(),
  suspicious: list(60, 20),
  external: list(500, 20),
  dde: Type.Boolean(),
  embedded: count,
  encrypted: Type.Boolean(),
})

const page = Type.Object({
  scripts: count,
  handlers: count,
  forms,
  passwords: count,
  frames: count,
  redirects: Type.Boolean(),
  builds: list(40, 20),
  encoded: count,
  visible: count,
  addresses: list(320, 10),
})

const pdf = Type.Object({
  pages: count,
  links: count,
  scripts: Type.Boolean(),
  actions: list(40, 10),
  images: count,
  texts: count,
  encrypted: Type.Boolean(),
})

const message = Type.Object({ subject: text(500), from: textOrNull(320), files: list(255, 50) })

const calendar = Type.Object({
  method: textOrNull(40),
  organiser: textOrNull(320),
  summary: text(500),
  events: count,
  alarms: count,
})

const image = Type.Object({
  width: count,
  height: count,
  hash: Type.Union([Type.String({ pattern: '^[0-9a-f]{16}$' }), Type.Null()]),
  codes: list(500, 5),
})

export const inside = Type.Object({
  archive: Type.Optional(archive),
  office: Type.Optional(office),
  page: Type.Optional(page),
  pdf: Type.Optional(pdf),
  message: Type.Optional(message),
  calendar: Type.Optional(calendar),
  image: Type.Optional(image),
  notes: Type.Optional(list(200, 20)),
})
