// What the server stands on goes away and comes back, while the process goes on: nothing is lost, nothing doubled.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unprivileged } from '../rig/account.ts'
import { type Dovecot, startDovecot } from '../rig/dovecot.ts'
import { maildirCopies } from '../rig/maildir-state.ts'
import { sendAsMta } from '../rig/mta.ts'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { addressOf, allMessages, mail, organise } from './company.ts'
import { drop, eventually, own, ownDir, type Served, type ServeOptions, serve } from './serve.ts'

const GATEWAY = { RECOURSE_GATEWAY_LMTP_PORT: '0', RECOURSE_GATEWAY_XFORWARD: '127.0.0.1' }

const send = async (server: Served, raw: Buffer, ident: string, to = 'ann') =>
  (
    await sendAsMta(server.ports[0] ?? 0, {
      mailFrom: 'sender@out.example',
      recipients: [addressOf(to)],
      raw,
      ident,
    })
  )[0] ?? null
const again = (server: Served, raw: Buffer, ident: string) =>
  eventually(
    () => send(server, raw, ident),
    (said) => said?.startsWith('250') ?? false,
  )
const holding = (root: string, text: string) => maildirCopies(root).filter((c) => c.text.includes(text))
const readBody = async (server: Served, path: string) => (await server.ask('GET', path)).json

interface Action {
  readonly id: string
  readonly state: string
  readonly problem?: string | null
}
const actionOf = (server: Served, id: string) => server.call('GET', `/actions/${id}`) as Promise<Action>
const remove = async (server: Served, subject: string) => {
  const ids = (await allMessages(server)).filter((m) => m.subject.startsWith(subject)).map((m) => m.id)
  return (await server.call('POST', '/actions', { kind: 'soft-delete', select: { messageIds: ids } })) as Action
}
const itemsOf = async (server: Served, id: string) =>
  ((await server.call('GET', `/actions/${id}/items`)) as { items: { state: string; reason: string | null }[] }).items

describe('a full disk', () => {
  let t: TestStorage
  beforeAll(async () => {
    t = await testStorage()
  })
  afterAll(() => t.close())

  test('files may not grow beyond a limit: large mail waits at its sender, small mail goes on, and all comes when there is room', async () => {
    const dir = ownDir()
    const via = ['prlimit', '--fsize=600000:unlimited']
    const env = { DATABASE_URL: t.url, RECOURSE_KEY_FILE: join(dir, 'master.key'), ...GATEWAY }
    const server = await serve({ dir, via, env })
    await organise(server)
    const big = mail('too big for now', 'x'.repeat(70).concat('\r\n').repeat(20_000))
    expect(await send(server, big, 'big')).toMatch(/^45[12] 4\.3\.[01] /)
    expect(await send(server, mail('small'), 'small')).toMatch(/^250/)
    expect(server.log()).toMatch(/The directory for stored mail, [^ ]+, .*may not take files this large/)
    expect(readdirSync(join(dir, 'blobs', 'tmp'))).toEqual([])
    expect((await allMessages(server)).map((m) => m.subject)).toEqual(['small'])
    const { uid, gid } = unprivileged() ?? {}
    const as = uid === undefined ? {} : { uid, gid }
    execFileSync('prlimit', [`--pid=${server.pid}`, '--fsize=unlimited:unlimited'], as)
    expect(await send(server, big, 'big')).toMatch(/^250/)
    expect(holding(join(dir, 'mail'), 'too big for now')).toHaveLength(1)
    await server.stop()
    drop(dir)
  })

  // A normal user mounts inside a user namespace of their own, root in a mount namespace.
  const root = process.getuid?.() === 0
  const namespace = [...(root ? [] : ['--map-current-user', '--keep-caps']), '-m']
  const possible = (() => {
    try {
      execFileSync('unshare', [...namespace, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()

  test.skipIf(!possible)('small disks for stored mail and mailboxes, each full once', async () => {
    const other = await testStorage()
    const dir = ownDir()
    const account = unprivileged()
    for (const name of ['blobs', 'mail']) {
      mkdirSync(join(dir, name))
      own(join(dir, name))
    }
    const mount = (name: string) =>
      `mount -t tmpfs -o size=1500k,mode=700${account ? `,uid=${account.uid},gid=${account.gid}` : ''} tmpfs ${join(dir, name)}`
    const become = account
      ? `exec setpriv --reuid=${account.uid} --regid=${account.gid} --clear-groups "$0" "$@"`
      : 'exec setpriv --inh-caps=-all --ambient-caps=-all "$0" "$@"'
    const options: ServeOptions = {
      dir,
      via: ['unshare', ...namespace, 'sh', '-c', `${mount('blobs')} && ${mount('mail')} && ${become}`],
      asRoot: true,
      env: { DATABASE_URL: other.url, ...GATEWAY },
    }
    const server = await serve(options)
    await organise(server)
    const inside = (name: string) => join(`/proc/${server.pid}/root`, dir, name)
    const filled = (name: string) => {
      try {
        writeFileSync(join(inside(name), 'filler'), Buffer.alloc(3_000_000))
      } catch {
        // it is full now
      }
      return () => drop(join(inside(name), 'filler'))
    }
    for (const [name, answer] of [
      ['blobs', /^45[12] 4\.3\.[01] /],
      ['mail', /^452 4\.2\.2 /],
    ] as const) {
      const room = filled(name)
      const raw = mail(`while ${name} is full`, 'y'.repeat(70).concat('\r\n').repeat(200))
      expect(await send(server, raw, name)).toMatch(answer)
      expect(await send(server, raw, name)).toMatch(answer)
      expect(holding(inside('mail'), `while ${name} is full`)).toEqual([])
      room()
      expect(await send(server, raw, name)).toMatch(/^250/)
      expect(holding(inside('mail'), `while ${name} is full`)).toHaveLength(1)
    }
    expect(server.log()).toMatch(/is full/)
    await server.stop()
    await other.close()
    drop(dir)
  })
})

describe('the database', () => {
  test('killed in the middle: senders keep their mail, the API says so, and all goes on in the same process', async () => {
    const dir = ownDir()
    const server = await serve({ dir, env: GATEWAY })
    await organise(server)
    for (const n of [1, 2, 3]) expect(await send(server, mail(`before ${n}`), `b${n}`)).toMatch(/^250/)
    const events = await fetch(`${server.url}/api/v1/events`, { headers: { authorization: `Bearer ${server.token}` } })
    let heard = ''
    void (async () => {
      for await (const chunk of events.body ?? []) heard += Buffer.from(chunk).toString()
    })().catch(() => {})
    const postmaster = () =>
      Number(readFileSync(join(dir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
    const pid = postmaster()
    // Stopped hard first, so that it is away for a while: the server starts it again once it is dead.
    process.kill(pid, 'SIGSTOP')
    const children = execFileSync('ps', ['--ppid', String(pid), '-o', 'pid='], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    for (const child of children.map(Number)) if (child > 0) process.kill(child, 'SIGKILL')
    const during = send(server, mail('during'), 'during')
    const asked = server.ask('GET', '/api/v1/messages')
    await new Promise((done) => setTimeout(done, 300))
    process.kill(pid, 'SIGKILL')
    expect(await during).toMatch(/^(250|451) /)
    const answer = await asked
    if (answer.status !== 200) expect(answer.json).toMatchObject({ error: { code: 'database-down', cure: /./ } })
    expect([200, 503]).toContain(answer.status)
    await again(server, mail('during'), 'during')
    await eventually(
      () => server.ask('GET', '/readyz'),
      (got) => got.status === 200,
    )
    expect(postmaster()).not.toBe(pid)
    expect(holding(join(dir, 'mail'), 'Subject: during')).toHaveLength(1)
    for (const n of [1, 2, 3]) expect(holding(join(dir, 'mail'), `Subject: before ${n}`)).toHaveLength(1)
    const { id } = await remove(server, 'before')
    await eventually(
      () => actionOf(server, id),
      (a) => a.state === 'completed',
    )
    await eventually(
      async () => heard,
      (text) => text.includes(id) && text.includes('completed'),
    )
    expect(holding(join(dir, 'mail'), 'Subject: before').filter((c) => c.folder === 'INBOX')).toEqual([])
    await server.stop()
    drop(dir)
  })
})

describe('the mail server', () => {
  let t: TestStorage
  let dovecot: Dovecot
  let server: Served
  const dir = ownDir()
  const password = join(dir, 'password')
  const start = (env: Readonly<Record<string, string>>) =>
    serve({
      dir,
      secrets: ['a wrong password'],
      env: {
        DATABASE_URL: t.url,
        ...GATEWAY,
        RECOURSE_MAILBOXES_KIND: 'imap',
        RECOURSE_MAILBOXES_HOST: dovecot.host,
        RECOURSE_MAILBOXES_AUTH_TYPE: 'master',
        RECOURSE_MAILBOXES_AUTH_USER: dovecot.master.user,
        RECOURSE_MAILBOXES_AUTH_PASSWORD_FILE: password,
        RECOURSE_MAILBOXES_POOL_IDLE_SECONDS: '0',
        RECOURSE_GATEWAY_NEXT_HOP_KIND: 'lmtp',
        RECOURSE_GATEWAY_NEXT_HOP_HOST: dovecot.host,
        RECOURSE_GATEWAY_NEXT_HOP_PORT: String(dovecot.lmtpPort),
        ...env,
      },
    })
  const reasonOf = async (id: string) => {
    const all = await eventually(
      () => itemsOf(server, id),
      (items) => items.some((i) => i.reason !== null),
    )
    return all.find((i) => i.reason !== null)?.reason
  }
  const undo = async (id: string) =>
    (await server.call('POST', `/actions/${id}/undo`, { folderGone: 'recreate' })) as Action
  const completes = (id: string) =>
    eventually(
      () => actionOf(server, id),
      (a) => a.state === 'completed',
      90_000,
    )

  beforeAll(async () => {
    t = await testStorage()
    dovecot = await startDovecot({ fsync: false, tls: true })
    writeFileSync(password, `${dovecot.master.password}\n`)
    own(password)
    server = await start({
      RECOURSE_MAILBOXES_PORT: String(dovecot.imapPort),
      RECOURSE_MAILBOXES_SECURE: 'false',
      RECOURSE_MAILBOXES_TLS_VERIFY: 'false',
    })
    await organise(server, addressOf)
    for (const n of [1, 2, 3]) expect(await send(server, mail(`wrong ${n}`), `w${n}`, 'ben')).toMatch(/^250/)
  })
  afterAll(async () => {
    await server?.stop()
    await dovecot?.stop()
    await t?.close()
    drop(dir)
  })

  const inboxes = (text: string) =>
    maildirCopies(join(dovecot.dir, 'mail')).filter((c) => c.folder === 'Maildir' && c.text.includes(text))

  test('down: the sender keeps new mail (451), readiness says so, an action waits with a reason and completes when it is back', async () => {
    await dovecot.halt()
    expect(await send(server, mail('meanwhile'), 'meanwhile')).toMatch(/^451 4\.4\.1 Mail store: .*/)
    const taken = await remove(server, 'wrong')
    const where = `cannot reach the mail server 127\\.0\\.0\\.1:${dovecot.imapPort}`
    expect(await reasonOf(taken.id)).toMatch(new RegExp(`${where}.*check that it runs`))
    await eventually(
      () => server.ask('GET', '/readyz'),
      (got) => got.status === 503,
    )
    await dovecot.start()
    await completes(taken.id)
    expect(inboxes('Subject: wrong')).toEqual([])
    await again(server, mail('meanwhile'), 'meanwhile')
    expect(inboxes('Subject: meanwhile')).toHaveLength(1)
    await eventually(
      () => server.ask('GET', '/readyz'),
      (got) => got.status === 200,
    )
  })

  test('a wrong password: the reason names server, mailbox and setting, never the password; right again, it completes', async () => {
    const [last] = ((await readBody(server, '/api/v1/actions')) as { items: Action[] }).items
    writeFileSync(password, 'a wrong password\n')
    await dovecot.restart()
    const back = await undo(last?.id ?? '')
    const reason = await reasonOf(back.id)
    expect(reason).toMatch(/127\.0\.0\.1:\d+ refused the login to ben@.*account and password under mailboxes\.auth/)
    expect(reason).not.toContain('a wrong password')
    writeFileSync(password, `${dovecot.master.password}\n`)
    await completes(back.id)
    expect(inboxes('Subject: wrong')).toHaveLength(3)
  })

  test('a certificate that nobody has signed: the reason says which setting; with its authority it completes', async () => {
    await server.stop()
    const tls = {
      RECOURSE_MAILBOXES_PORT: String(dovecot.imapsPort),
      RECOURSE_MAILBOXES_TLS_SERVERNAME: 'mail.example.org',
    }
    server = await start(tls)
    const taken = await remove(server, 'wrong')
    expect(await reasonOf(taken.id)).toMatch(
      new RegExp(`TLS certificate of 127\\.0\\.0\\.1:${dovecot.imapsPort} was not accepted.*mailboxes\\.tls\\.ca`),
    )
    expect(inboxes('Subject: wrong')).toHaveLength(3)
    await server.stop()
    server = await start({ ...tls, RECOURSE_MAILBOXES_TLS_CA: dovecot.certificate })
    await completes(taken.id)
    expect(inboxes('Subject: wrong')).toEqual([])
  })
})
