// Which fingerprints find the other copies of a campaign, and which take strangers for copies: real mail, edited as senders edit it.
import { createHash } from 'node:crypto'
import { createParser, type Fingerprints, fingerprintDistance, type ParsedMail } from '../server/src/mail/index.ts'
import { measured } from './lib/mail.ts'

const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const KINDS = ['subject', 'body', 'structure', 'urls', 'image'] as const
type Kind = (typeof KINDS)[number]
const NEAR: ReadonlySet<Kind> = new Set(['body', 'structure', 'image'])
const STEP = Number(process.env['FINGERPRINTS_STEP'] ?? 1)

/** Edits that senders of one campaign make between copies, on the bytes of a message whose parts are not packed. */
const EDITS: readonly (readonly [string, (text: string, n: number) => string])[] = [
  [
    'other numbers',
    (text, n) =>
      text.replace(/\b\d{3,9}\b(?![^<]*>)/g, (d) =>
        String((Number(d) * 7 + n) % 10 ** d.length).padStart(d.length, '0'),
      ),
  ],
  [
    'another recipient',
    (text, n) =>
      text
        .replace(/anna@example\.org/gi, `person${n}@other${n}.example`)
        .replace(/^(To|Delivered-To):.*$/gim, `$1: Person <person${n}@other${n}.example>`),
  ],
  ['another host', (text, n) => text.replace(/\bhttps?:\/\/[a-z0-9.-]+/gi, `https://fresh${n}.example`)],
  [
    'other tokens in links',
    (text, n) => text.replace(/(https?:\/\/[^\s"'<>?]{1,200}\?)[^\s"'<>]{1,300}/g, `$1id=${n}x${n * 31}`),
  ],
  [
    'a sentence more',
    (text, n) => text.replace(/<\/p>|<\/td>|\n\n(?=[A-Z])/, (end) => ` Reference ${n} has been assigned to you.${end}`),
  ],
  ['a word changed', (text) => text.replace(/\b(please|account|click|your|invoice|update)\b/i, 'kindly')],
  [
    'random words at the end',
    (text, n) =>
      text.replace(
        /<\/body>|$/i,
        (end) =>
          `\n${createHash('sha256')
            .update(String(n))
            .digest('hex')
            .replace(/(.{7})/g, '$1 ')}${end}`,
      ),
  ],
]

const plain = (raw: Buffer): boolean => !/content-transfer-encoding:\s*base64/i.test(raw.toString('latin1'))
/** Edits go into the body: past the headers, but the recipient's. */
function edited(raw: Buffer, edit: (text: string, n: number) => string, n: number): Buffer {
  const text = raw.toString('latin1')
  const at = /\r?\n\r?\n/.exec(text)?.index ?? text.length
  const head = text.slice(0, at)
  return Buffer.from((edit === EDITS[1]?.[1] ? edit(head, n) : head) + edit(text.slice(at), n), 'latin1')
}

const parser = createParser({ workers: 2 })
const parse = async (raw: Buffer): Promise<ParsedMail> => (await parser.parse(raw, CONTEXT)).mail
const value = (prints: Fingerprints, kind: Kind): string | null => prints[kind] ?? null
const percent = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`.padStart(8)

async function recall(label: 'spam' | 'phish'): Promise<void> {
  const mails = measured(label, STEP * 3).filter((m) => plain(m.raw))
  console.log(
    `\n${label}: ${mails.length} messages, each edited; equal fingerprints (in brackets: at most 6 of 64 bits apart), of those that have one`,
  )
  console.log(`  ${''.padEnd(26)}${KINDS.map((k) => k.padStart(20)).join('')}`)
  for (const [name, edit] of EDITS) {
    const cells = new Map(KINDS.map((k) => [k, { all: 0, same: 0, near: 0 }]))
    let changed = 0
    for (const [n, mail] of mails.entries()) {
      const copy = edited(mail.raw, edit, n + 1)
      if (copy.equals(mail.raw)) continue
      changed++
      const [a, b] = await Promise.all([parse(mail.raw), parse(copy)])
      for (const kind of KINDS) {
        const cell = cells.get(kind)
        const [x, y] = [value(a.fingerprints, kind), value(b.fingerprints, kind)]
        if (x === null || cell === undefined) continue
        cell.all++
        if (x === y) cell.same++
        else if (y !== null && NEAR.has(kind) && fingerprintDistance(x, y) <= 6) cell.near++
      }
    }
    const shown = KINDS.map((k) => {
      const c = cells.get(k) ?? { all: 0, same: 0, near: 0 }
      return `${percent(c.same, c.all)}${NEAR.has(k) ? ` (${percent(c.same + c.near, c.all).trim()})` : ''}`.padStart(
        20,
      )
    })
    console.log(`  ${`${name} (${changed})`.padEnd(26)}${shown.join('')}`)
  }
}

/** Messages that share a fingerprint with one from another sender domain: strangers, as far as can be told. */
async function merges(): Promise<void> {
  for (const label of ['ham', 'spam', 'phish'] as const) {
    const mails = await Promise.all(
      measured(label, STEP).map(async (m) => ({ mail: await parse(m.raw), about: m.about })),
    )
    console.log(
      `\n${label}: ${mails.length} messages; share with this fingerprint · share that has it in common with a message of another sender domain and subject · largest group`,
    )
    for (const kind of KINDS) {
      const groups = new Map<string, typeof mails>()
      for (const m of mails) {
        const v = value(m.mail.fingerprints, kind)
        if (v !== null) groups.set(v, [...(groups.get(v) ?? []), m])
      }
      let having = 0
      let merged = 0
      let largest = 0
      for (const group of groups.values()) {
        having += group.length
        const strangers = new Set(group.map((m) => `${m.about['from_domain']} ${m.mail.fingerprints.subject}`))
        const domains = new Set(group.map((m) => m.about['from_domain']))
        if (domains.size > 1 && strangers.size > 1) {
          merged += group.length
          largest = Math.max(largest, group.length)
        }
      }
      console.log(
        `  ${kind.padEnd(12)}${percent(having, mails.length)} ${percent(merged, mails.length)} ${String(largest).padStart(6)}`,
      )
    }
  }
}

await recall('spam')
await recall('phish')
await merges()
await parser.close()
