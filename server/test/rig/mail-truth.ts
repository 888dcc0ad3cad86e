import { createHash } from 'node:crypto'
import { RawImap } from './raw-imap.ts'

/** One message as an IMAP client sees it; what must come back. */
export interface Truth {
  readonly folder: string
  readonly sha256: string
  readonly flags: string
  readonly date: number
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function instant(text: string): number {
  const m = /^\s*(\d+)-(\w+)-(\d+) (\d+):(\d+):(\d+) ([+-])(\d\d)(\d\d)$/.exec(text)
  if (!m) throw new Error(`no date: ${text}`)
  const [, day, month = '', year, hour, minute, second, sign, zh, zm] = m
  const utc = Date.UTC(Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second))
  return utc - (sign === '-' ? -1 : 1) * (Number(zh) * 60 + Number(zm)) * 60_000
}

/** Everything in a folder, bytes hashed; only messages that `wanted` accepts. */
async function inFolder(client: RawImap, folder: string, wanted: (text: string) => boolean): Promise<Truth[]> {
  const selected = await client.command(`SELECT "${folder}"`)
  if (selected.status !== 'OK') return []
  const text = await client.ok('UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])')
  const found: Truth[] = []
  const head = /\* \d+ FETCH \(UID \d+ FLAGS \(([^)]*)\) INTERNALDATE "([^"]+)" BODY\[\] \{(\d+)\}\r\n/g
  for (let m = head.exec(text); m; m = head.exec(text)) {
    const [whole, flags = '', date = '', size] = m
    const from = m.index + whole.length
    const bytes = text.slice(from, from + Number(size))
    head.lastIndex = from + Number(size)
    if (!wanted(bytes)) continue
    const kept = flags.split(' ').filter((f) => f !== '' && f !== '\\Recent')
    found.push({
      folder,
      sha256: createHash('sha256').update(Buffer.from(bytes, 'latin1')).digest('hex'),
      flags: kept.sort().join(' '),
      date: instant(date),
    })
  }
  return found
}

const key = (t: Truth): string => `${t.folder} ${t.sha256} ${t.flags} ${t.date}`
const sorted = (all: Truth[]): string[] => all.map(key).sort()

const names = (text: string): string[] =>
  [...text.matchAll(/^\* LIST \(([^)]*)\) "." (?:"([^"]*)"|(\S+))\r$/gm)].flatMap(([, flags = '', q, a]) =>
    /\\No(select|nExistent)/i.test(flags) ? [] : [q ?? a ?? ''],
  )

/** All that the owner sees, each message as a line: equal lines, equal mailbox. */
export async function mailboxTruth(port: number, login: string): Promise<string[]> {
  const client = await RawImap.open(port, login)
  try {
    const all: Truth[] = []
    for (const folder of names(await client.ok('LIST "" *'))) all.push(...(await inFolder(client, folder, () => true)))
    return sorted(all)
  } finally {
    client.close()
  }
}

/** Every folder's subscription, as the owner's client shows it. */
export async function subscriptions(port: number, login: string): Promise<string[]> {
  const client = await RawImap.open(port, login)
  try {
    return [...(await client.ok('LSUB "" *')).matchAll(/^\* LSUB \([^)]*\) "." (.*)\r$/gm)]
      .map((m) => m[1] ?? '')
      .sort()
  } finally {
    client.close()
  }
}

/** What lies in one of our holds, our own anchor aside; as lines without the folder. */
export async function holdTruth(port: number, login: string, hold: string): Promise<string[]> {
  const client = await RawImap.open(port, `${login}*recourse`, 'master')
  try {
    const all = await inFolder(client, `Recourse-Hold/${hold}`, (bytes) => /^X-Recourse-Message-Id:/im.test(bytes))
    return sorted(all.map((t) => ({ ...t, folder: '' })))
  } finally {
    client.close()
  }
}

/** Lines of `mailboxTruth` without their folders, to compare with what is held. */
export const withoutFolder = (lines: readonly string[]): string[] =>
  lines.map((l) => l.replace(/^.*? (?=[0-9a-f]{64} )/, ' ')).sort()
