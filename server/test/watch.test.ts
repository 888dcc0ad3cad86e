import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type RunningServer, runServer } from './rig/running.ts'

const ANN = 'ann@alder.example'

const letter = (subject: string, from = 'friend@client.example') =>
  `From: Friend <${from}>\r\nTo: ${ANN}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@client.example>\r\n\r\nHello.\r\n`

interface Row {
  readonly id: string
  readonly copies?: readonly { readonly latestLocation: string; readonly latestFolder: string | null }[]
}

/** Asks again and again until it is so, for a minute: what the issue promises. */
async function within<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(200)) {
    const found = await ask()
    if (found !== null) return found
  }
  throw new Error(`not within a minute: ${what}`)
}

async function office(
  work: (server: RunningServer, dovecot: Dovecot, client: RawImap) => Promise<void>,
): Promise<void> {
  const dovecot = await startDovecot()
  const { imapPort, lmtpPort, master } = dovecot
  const mailboxes = {
    kind: 'imap',
    host: '127.0.0.1',
    port: imapPort,
    secure: false,
    auth: { type: 'master', ...master },
  }
  const config = {
    mailboxes,
    gateway: { nextHop: { kind: 'lmtp', host: '127.0.0.1', port: lmtpPort } },
    watch: { enabled: true, pollSeconds: 2, listeners: 10 },
  }
  const file = join(dovecot.dir, 'recourse.json')
  writeFileSync(file, JSON.stringify(config), { mode: 0o644 })
  const server = await runServer({ RECOURSE_CONFIG: file })
  const client = await RawImap.open(imapPort, ANN)
  try {
    await server.call('PUT', '/organisation', { domains: ['alder.example'], mailboxes: [{ address: ANN }] })
    await work(server, dovecot, client)
  } finally {
    client.close()
    await server.stop()
    await dovecot.stop()
  }
}

test('a mailbox on Dovecot is watched: mail is judged in place, bad mail leaves, moves are seen, Junk is a report (mailbox #47)', () =>
  office(async (server, _dovecot, client) => {
    const append = (subject: string, from?: string, folder = 'INBOX') =>
      client.ok(`APPEND ${folder} (\\Seen) {}`, Buffer.from(letter(subject, from)))
    const found = (subject: string) =>
      within(`${subject} is found`, async () => {
        const { items } = (await server.call('GET', `/messages?q=${encodeURIComponent(subject)}`)) as { items: Row[] }
        return items[0] ?? null
      })
    const placed = (id: string, location: string) =>
      within(`it is in ${location}`, async () => {
        const { copies = [] } = (await server.call('GET', `/messages/${id}`)) as Row
        return copies[0]?.latestLocation === location ? copies[0] : null
      })
    await append('already there')
    const old = await found('already there')
    await placed(old.id, 'inbox')

    await append('wanted one')
    const wanted = await found('wanted one')
    await client.ok('SELECT INBOX')
    const uid = /\* SEARCH ([\d ]+)/.exec(await client.ok('UID SEARCH SUBJECT "wanted one"'))?.[1]?.trim()
    await client.command('CREATE Junk')
    await client.ok(`UID MOVE ${uid} Junk`)
    await placed(wanted.id, 'junk')
    const report = await within('the move is a report', async () => {
      const { items } = (await server.call('GET', '/submissions')) as {
        items: { messageId: string; opinion: string; by: string }[]
      }
      return items.find((one) => one.messageId === wanted.id) ?? null
    })
    expect(report).toMatchObject({ opinion: 'should-have-been-blocked', by: ANN })

    await server.call('POST', '/entries', {
      action: 'block',
      kind: 'sender-domain',
      value: 'bad.example',
      expiresInDays: null,
    })
    await append('malicious one', 'x@bad.example')
    const bad = await found('malicious one')
    await placed(bad.id, 'quarantine')
    // The message's place is known before its action has been closed.
    const newest = async () =>
      ((await server.call('GET', '/actions')) as { items: { id: string; cause: { kind: string }; state: string }[] })
        .items[0]
    await expect.poll(newest).toMatchObject({ state: 'completed', cause: { kind: 'entry' } })
    const action = await newest()
    await client.ok('SELECT INBOX')
    expect(await client.ok('UID SEARCH SUBJECT "malicious one"')).not.toMatch(/SEARCH \d/)

    await server.call('POST', `/actions/${action?.id}/undo`, { folderGone: 'recreate' })
    await placed(bad.id, 'inbox')
    await pause(6000)
    // Taken back is taken back: the watcher leaves it alone, and takes it for nobody's move.
    await placed(bad.id, 'inbox')
    const { items } = (await server.call('GET', `/messages/${bad.id}/timeline`)) as { items: { actor: string }[] }
    expect(items.filter((event) => event.actor.startsWith('owner'))).toEqual([])
  }))
