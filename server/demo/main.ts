// bin/demo: a running Recourse for a small made-up company, with real mail in it. Keeps its data between runs.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/base/index.ts'
import { campaigns, newsletter } from './campaigns.ts'
import { AUTHSERV, ORGANISATION } from './company.ts'
import { corpus } from './corpus.ts'
import { type Api, call, feed } from './feed.ts'

const HELP = `bin/demo [--fresh] [--mail PATH] [--data DIR] [--port N] [--messages N]

  --fresh       forget the demo's data and begin anew
  --mail PATH   feed your own mail (.eml, mbox, Maildir; a file or a folder) instead of the public corpus
  --data DIR    where the demo keeps its data
  --port N      port of the console on 127.0.0.1 (default 8780)
  --messages N  how many messages of the corpus to feed (default 2400)
`
const cli = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'cli', 'main.ts')
const started = Date.now()
const say = (line: string): void => console.log(`· ${line}`)

const { values } = parseArgs({
  options: {
    fresh: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    mail: { type: 'string' },
    data: { type: 'string' },
    port: { type: 'string', default: '8780' },
    messages: { type: 'string', default: '2400' },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const data = resolve(
  values.data ?? process.env['RECOURSE_DEMO_DATA'] ?? join(dirname(cli), '..', '..', '..', 'data', 'demo'),
)
const stopping = new AbortController()
main().catch((error: unknown) => {
  console.error(`\nThe demo could not go on: ${messageOf(error)}\nIts log: ${join(data, 'server.log')}`)
  process.exitCode = 1
  stopping.abort()
})

async function main(): Promise<void> {
  if (values.fresh && existsSync(data)) {
    say(`Forgetting the data of earlier runs in ${data}`)
    rmSync(data, { recursive: true })
  }
  mkdirSync(data, { recursive: true, mode: 0o700 })
  say(`Starting the server: embedded PostgreSQL, Maildir mailboxes; data in ${data}`)
  const server = serve()
  const ended = new Promise<void>((done) => server.once('exit', () => done()))
  stopping.signal.addEventListener('abort', () => server.kill('SIGTERM'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop())
  const api = await Promise.race([ready(), ended.then(() => Promise.reject(new Error('the server ended')))])
  await fill(api)
  invite(api)
  await ended
  say('Stopped. The data is kept; bin/demo goes on with it, bin/demo --fresh begins anew.')
}

function stop(): void {
  if (!stopping.signal.aborted) say('Stopping (again Ctrl-C: at once)')
  else process.exit(130)
  stopping.abort()
}

function serve(): ChildProcess {
  const log = join(data, 'server.log')
  rmSync(join(data, 'server.json'), { force: true })
  return spawn('/bin/sh', ['-c', 'exec "$0" "$@" >>"$RECOURSE_DEMO_LOG" 2>&1', process.execPath, cli, 'serve'], {
    stdio: 'ignore',
    detached: true, // Ctrl-C reaches us; we end the server in order
    env: {
      ...process.env,
      RECOURSE_DATA_DIR: data,
      RECOURSE_ORGANISATION_NAME: 'Alder & Finch',
      RECOURSE_HTTP_PORT: values.port,
      RECOURSE_DEMO_LOG: log,
    },
  })
}

/** Waits until the server answers; its address and token lie in the data directory. */
async function ready(): Promise<Api> {
  for (;;) {
    await new Promise((r) => setTimeout(r, 150))
    try {
      const { url } = JSON.parse(readFileSync(join(data, 'server.json'), 'utf8')) as { url: string }
      const token = readFileSync(join(data, 'cli-token'), 'utf8').trim()
      if ((await fetch(`${url}/readyz`)).ok) return { url, token }
    } catch {
      if (stopping.signal.aborted) throw new Error('stopped before it was ready')
    }
  }
}

async function fill(api: Api): Promise<void> {
  const marker = join(data, 'demo-fed')
  if (existsSync(marker)) return say('Mail of the earlier run is there')
  await call(api, 'PUT', '/organisation', ORGANISATION)
  const policy = (await call(api, 'GET', '/policy')) as Record<string, unknown>
  await call(api, 'PUT', '/policy', { ...policy, trustedAuthserv: [AUTHSERV] })
  say(`Made the company: ${ORGANISATION.mailboxes.length} mailboxes of ${ORGANISATION.domains[0]}`)
  if (values.mail) await importOwn(values.mail)
  const now = new Date()
  const written = campaigns(now)
  const mails = values.mail ? written : [...written, ...corpus(Number(values.messages), 14, now)]
  const begun = Date.now()
  const result = await feed(api, mails, 8, (p) => bar(p.done + p.failed, mails.length, begun), stopping.signal)
  process.stdout.write('\n')
  if (result.failed > 0) say(`${result.failed} messages were refused; the last: ${result.lastError}`)
  if (!stopping.signal.aborted) writeFileSync(marker, `${now.toISOString()}\n`)
}

/** The same command that an operator uses, with its own progress. */
function importOwn(path: string): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(
      process.execPath,
      [cli, 'import', resolve(path), '--recipient', ORGANISATION.mailboxes[0]?.address ?? ''],
      {
        stdio: 'inherit',
        env: { ...process.env, RECOURSE_DATA_DIR: data },
      },
    )
    child.once('exit', (code) =>
      code === 0 || code === 1 ? done() : failed(new Error(`importing ${path} ended with ${code}`)),
    )
  })
}

function bar(done: number, total: number, begun: number): void {
  if (!process.stdout.isTTY && done % 200 !== 0 && done !== total) return
  const width = 30
  const filled = Math.round((done / total) * width)
  const rate = Math.round(done / Math.max((Date.now() - begun) / 1000, 0.1))
  process.stdout.write(
    `${process.stdout.isTTY ? '\r' : ''}· Feeding mail  ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${total}  ${rate}/s ${process.stdout.isTTY ? '' : '\n'}`,
  )
}

function invite(api: Api): void {
  const next = newsletter(() => new Date(), [4])[0]
  if (next) writeFileSync(join(data, 'next-issue.eml'), next.raw)
  let code = ''
  try {
    code = readFileSync(join(data, 'setup-code'), 'utf8').trim()
  } catch {
    // An administrator exists already.
  }
  const address = code ? `${api.url}/setup?code=${code}` : api.url
  console.log(`
  Recourse is running (${((Date.now() - started) / 1000).toFixed(0)} s).

    Console        ${address}
    ${code ? 'The link carries a one-time code: choose a name and a password.' : 'Sign in as you did before.'}

  Three things to try: release "Timber Journal no. 43" from Quarantine and allow its sender, then let the next issue come
  (bin/recourse import, below); open "Are you at your desk?" and read why it was held; report "a plan was shared with
  you", take it out of every mailbox, and undo that.

  Command line   export RECOURSE_DATA_DIR=${data}
                 bin/recourse messages --threat phish
                 bin/recourse import ${join(data, 'next-issue.eml')} --recipient yuki.tanabe@alderfinch.example
  Stop           Ctrl-C
`)
}
