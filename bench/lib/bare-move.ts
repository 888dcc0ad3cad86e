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
  /** The whole message is read and hashed too: how a take has to know what it takes (P1, step 3). */
  readonly bytes: boolean
}

/** Log in, FETCH identity (UID, flags, date, size, the two ids in the header), UID MOVE, FETCH identity where it came to. */
async function one(errand: Errand, login: string): Promise<void> {
  const { source, target, letters } = errand
  const client = new ImapFlow({
    host: errand.host,
    port: errand.port,
    secure: false,
    logger: false,
    auth: { user: `${login}${errand.separator}${errand.user}`, pass: errand.pass },
  })
  await client.connect()
  if (target.startsWith('Recourse')) await client.mailboxCreate(target)
  await client.mailboxOpen(source)
  const before = await identities(client, errand.bytes)
  const moved = await client.messageMove([...before], target, { uid: true })
  if (!moved || moved.uidMap?.size !== letters) throw new Error(`${login}: not everything was moved`)
  await client.mailboxOpen(target)
  if ((await identities(client, false)).size !== letters) throw new Error(`${login}: not everything has arrived`)
  await client.logout()
}

async function identities(client: ImapFlow, bytes: boolean): Promise<Set<number>> {
  const found = new Set<number>()
  const headers = ['message-id', 'x-recourse-message-id']
  const what = { uid: true, flags: true, internalDate: true, size: true, headers, source: bytes }
  for await (const m of client.fetch('1:*', what)) {
    if (bytes)
      createHash('sha256')
        .update(m.source ?? '')
        .digest()
    found.add(m.uid)
  }
  return found
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
