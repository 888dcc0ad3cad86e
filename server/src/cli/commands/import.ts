import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { messageOf } from '../../base/index.ts'
import type { ImportProgress, ImportResult, SourceMail } from '../../intake/index.ts'
import { type Json, whole } from '../arguments.ts'
import { type Client, connectClient, type Query, Refused } from '../client.ts'
import { json, line, plain } from '../out.ts'
import { Imported, Session } from '../shapes.ts'

interface Options extends Json {
  readonly recipient?: readonly string[]
  readonly concurrency: string
  /** Commander's name for --no-journal. */
  readonly journal: boolean
}

export function importCommand(root: Command): void {
  root
    .command('import')
    .argument('<path>', '.eml, mbox, Maildir; a file or a folder')
    .option('--recipient <address...>', 'whose mail it is; without it, those of our own whom its headers name')
    .option('--concurrency <n>', 'uploads at the same time', '8')
    .option('--no-journal', 'ask the server about every message again, also about those that an earlier run has done')
    .description('bring mail in; the same again doubles nothing, so a broken import is simply repeated')
    .action(run)
}

async function run(path: string, options: Options): Promise<void> {
  const client = connectClient()
  const concurrency = whole('concurrency', options.concurrency, 1, 64)
  const { importPath } = await import('../../intake/index.ts')
  const { tenant } = await client.call(Session, 'GET', '/session')
  const journal = options.journal ? journalFor(client.url, tenant.id, path, options.recipient ?? []) : null
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const show = options.json || !process.stderr.isTTY ? () => {} : bar(await sizeOf(path))
  const result = await importPath(path, {
    submit: (mail) => upload(client, mail, options.recipient ?? [], stopping.signal),
    ...(journal ? { journal } : {}),
    concurrency,
    progress: show,
    signal: stopping.signal,
  })
  if (process.stderr.isTTY && !options.json) process.stderr.write('\n')
  if (options.json) json({ ...result, stopped: stopping.signal.aborted })
  else tell(result, stopping.signal.aborted)
  if (result.failed > 0 || stopping.signal.aborted) process.exitCode = 1
}

function tell(result: ImportResult, stopped: boolean): void {
  for (const p of result.problems.slice(0, 20)) line(`  ${plain(p.id)}: ${plain(p.why)}`)
  if (result.problems.length > 20) line(`  … and ${result.failed - 20} more`)
  const rate = result.rate >= 10 ? Math.round(result.rate) : result.rate.toFixed(1)
  line(
    `${result.imported} imported, ${result.duplicates + result.skipped} were there already, ${result.failed} failed; ${rate}/s.`,
  )
  if (stopped) line('Stopped; the same command goes on where it stopped.')
}

/** One message; while the server cannot take it just now, it is offered again. */
async function upload(
  client: Client,
  mail: SourceMail,
  recipients: readonly string[],
  signal: AbortSignal,
): Promise<{ duplicate: boolean }> {
  const query: Query = {
    recipient: recipients,
    ...(mail.receivedAt ? { receivedAt: mail.receivedAt.toISOString() } : {}),
    flag: mail.flags.map((f) => f.slice(1).toLowerCase()),
    ...(mail.folder ? { folder: mail.folder } : {}),
  }
  for (let pause = 500; ; pause *= 2) {
    try {
      return await client.mail(Imported, '/import', mail.raw, query)
    } catch (error) {
      const later =
        error instanceof Refused && (error.code === 'unreachable' || error.status >= 500 || error.status === 429)
      if (!later || pause > 16_000 || signal.aborted) throw error
      await new Promise((done) => setTimeout(done, pause))
    }
  }
}

/** Remembers what is done, for this server, organisation and source; null where nothing can be written. */
function journalFor(url: string, tenant: string, path: string, recipients: readonly string[]): string | null {
  const about = createHash('sha256')
    .update(JSON.stringify([url.replace(/:\d+$/, ''), tenant, resolve(path), recipients]))
    .digest('hex')
  const dir = join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'recourse')
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    accessSync(dir, constants.W_OK)
    return join(dir, `import-${about.slice(0, 24)}.jsonl`)
  } catch (error) {
    process.stderr.write(`No journal can be kept in ${dir} (${messageOf(error)}); the server recognises what it has.\n`)
    return null
  }
}

/** Bytes below a path, for the progress only: what cannot be looked at counts nothing. */
async function sizeOf(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => null)
  if (entries === null) return (await stat(path).catch(() => null))?.size ?? 0
  let total = 0
  for (const entry of entries)
    if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name)).catch(() => null))?.size ?? 0
  return total
}

/** How far by the bytes read, how many, how fast. */
function bar(total: number): (p: ImportProgress) => void {
  let last = 0
  return (p) => {
    if (Date.now() - last < 150) return
    last = Date.now()
    const done = p.imported + p.duplicates + p.skipped + p.failed
    const share = total === 0 ? 1 : Math.min(1, p.bytes / total)
    const filled = Math.round(share * WIDTH)
    process.stderr.write(
      `\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${Math.floor(share * 100)} %  ${done} messages  ${(p.bytes / 1e6).toFixed(1)} MB  ${Math.round(p.rate)}/s${p.failed > 0 ? `  ${p.failed} failed` : ''}   `,
    )
  }
}
const WIDTH = 24
