// The bare script of `bench/move`, in a process of its own: only the commands that correctness needs, nothing written down.
import { createHash } from 'node:crypto'
import { ImapFlow } from 'imapflow'

export interface Errand {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly pass: string
  readonly separator: string
  readonly logins: readonly string[]
  readonly connections: number
  readonly source: string
  readonly target: string
  readonly letters: number
  /**
   * `short`: log in, FETCH identity (UID, flags, date, size, the ids in the header), UID MOVE, FETCH identity where it came to.
   * `whole`: every command of procedure P1 in `mailbox-semantics`.
   */
  readonly procedure: 'short' | 'whole'
}

/** Of the copies in a hold that users cannot reach, as many are read at a give-back as ours reads (P1: a sample or all). */
const SAMPLE = 16
const STATUS = { messages: true, uidNext: true, uidValidity: true }

async function short(client: ImapFlow, { source, target, letters }: Errand): Promise<void> {
  await client.mailboxOpen(source)
  const before = await identities(client)
  await move(client, before, target, letters)
  await client.mailboxOpen(target)
  await arrived(client, letters)
}

/** P1, take. Steps 2, 3: what is there, and its bytes; 4: where the hold stands; 5; 6: read back, and gone from the source; 7: no folder has got another copy. */
async function take(client: ImapFlow, { source, target, letters }: Errand): Promise<void> {
  await client.list({ statusQuery: STATUS })
  await client.mailboxOpen(source)
  const before = await identities(client)
  await bytesOf(client, before)
  await client.status(target, STATUS)
  await move(client, before, target, letters)
  await client.mailboxOpen(target)
  await arrived(client, letters)
  await client.list({ statusQuery: STATUS })
}

/** P1, give back. Step 2: the copy in the hold is ours, the bytes of a sample; 4: not there already; 5; 6: read back, and gone from the hold. */
async function giveBack(client: ImapFlow, { source, target, letters }: Errand): Promise<void> {
  await client.mailboxOpen(source)
  const before = await identities(client)
  await bytesOf(
    client,
    [...before].filter((_, n) => n % SAMPLE === 0),
  )
  const folders = await client.list({ statusQuery: STATUS })
  for (const { path } of folders.filter((f) => /^(Trash|Junk|INBOX)$/.test(f.path))) {
    const { exists } = await client.mailboxOpen(path)
    if (exists > 0) throw new Error(`${path} is not empty`)
  }
  await client.status(target, STATUS)
  await client.mailboxOpen(source)
  await move(client, before, target, letters)
  await client.mailboxOpen(target)
  await arrived(client, letters)
  await client.mailboxOpen(source)
}

async function move(client: ImapFlow, uids: Iterable<number>, target: string, letters: number): Promise<void> {
  const moved = await client.messageMove([...uids], target, { uid: true })
  if (!moved || moved.uidMap?.size !== letters) throw new Error('not everything was moved')
}

async function arrived(client: ImapFlow, letters: number): Promise<void> {
  if ((await identities(client)).size !== letters) throw new Error('not everything has arrived')
}

const IDENTITY = {
  uid: true,
  flags: true,
  internalDate: true,
  size: true,
  headers: ['message-id', 'x-recourse-message-id'],
}

async function identities(client: ImapFlow): Promise<Set<number>> {
  const found = new Set<number>()
  for await (const m of client.fetch('1:*', IDENTITY)) found.add(m.uid)
  return found
}

async function bytesOf(client: ImapFlow, uids: Iterable<number>): Promise<void> {
  const query = { uid: true, flags: true, internalDate: true, size: true, source: true }
  for await (const m of client.fetch([...uids].join(','), query, { uid: true })) {
    createHash('sha256')
      .update(m.source ?? '')
      .digest()
  }
}

async function one(errand: Errand, login: string): Promise<void> {
  const client = new ImapFlow({
    host: errand.host,
    port: errand.port,
    secure: false,
    logger: false,
    auth: { user: `${login}${errand.separator}${errand.user}`, pass: errand.pass },
  })
  await client.connect()
  const takes = errand.target.startsWith('Recourse')
  if (takes) await client.mailboxCreate(errand.target)
  await (errand.procedure === 'short' ? short : takes ? take : giveBack)(client, errand)
  await client.logout()
}

/** Through all mailboxes, so many at a time; gives back the seconds. */
async function everywhere(errand: Errand): Promise<number> {
  const started = performance.now()
  const waiting = [...errand.logins]
  const worker = async () => {
    for (let login = waiting.shift(); login !== undefined; login = waiting.shift()) await one(errand, login)
  }
  await Promise.all(Array.from({ length: errand.connections }, worker))
  return (performance.now() - started) / 1000
}

process.on('message', (errand: Errand) => {
  everywhere(errand).then(
    (seconds) => process.send?.({ seconds }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
