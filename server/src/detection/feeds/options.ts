import Type, { type Static } from 'typebox'

const strict = { additionalProperties: false }

/** A column by its place (from 1) or by its name in the file's head line. */
const Column = Type.Union([Type.Integer({ minimum: 1, maximum: 200 }), Type.String({ minLength: 1, maxLength: 100 })])

export const FEED_KINDS = ['url', 'domain', 'ip', 'sha256'] as const
export const CONFIDENCES = ['low', 'medium', 'high'] as const

/** One file of known-bad things, kept up to date by somebody else. */
export const FeedFile = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,39}$' }),
    path: Type.String({ minLength: 1, maxLength: 4096 }),
    kind: Type.Enum([...FEED_KINDS]),
    /** `plain`: an entry a line; `hosts`: an address and the names that it blocks; `csv`: see `column`. */
    format: Type.Optional(Type.Enum(['plain', 'hosts', 'csv'])),
    column: Type.Optional(Column),
    /** Where the feed says since when. */
    sinceColumn: Type.Optional(Column),
    delimiter: Type.Optional(Type.Enum([',', ';', '\t', '|'])),
    confidence: Type.Optional(Type.Enum([...CONFIDENCES])),
    /** What a hit is called; default: malware for files, spam for addresses, phish for the others. */
    threat: Type.Optional(Type.Enum(['malware', 'phish', 'spam'])),
    /** A file that is older is told as such: whatever fetches it has stopped. */
    maxAgeHours: Type.Optional(Type.Integer({ minimum: 1, maximum: 8760 })),
  },
  strict,
)
export type FeedFile = Static<typeof FeedFile>

export const FeedOptions = Type.Object(
  {
    files: Type.Array(FeedFile, {
      default: [],
      maxItems: 100,
      description:
        'Files of known-bad addresses, domains, IP addresses and hashes: each with name, path, kind (url, domain, ip, sha256), and if need be format (plain, hosts, csv), column, sinceColumn, delimiter, confidence (low, medium, high), threat (malware, phish, spam), maxAgeHours.',
    }),
    checkSeconds: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 60,
      description: 'Between two looks at whether a file has changed.',
    }),
    lookBackHours: Type.Integer({
      minimum: 0,
      maximum: 720,
      default: 48,
      description:
        'When a feed has new entries, mail of so many hours before is judged again, and what it convicts is taken out of mailboxes; 0: never.',
    }),
    maxMb: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 512,
      description: 'Largest file; larger ones are not read.',
    }),
    maxEntries: Type.Integer({
      minimum: 1,
      maximum: 50_000_000,
      default: 5_000_000,
      description: 'Most entries of one file; 15 bytes of memory each.',
    }),
  },
  strict,
)
