import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from '../../../test/rig/dovecot.ts'
import { seedMaildir } from '../../../test/rig/seed.ts'
import { dovecotProvider } from '../conformance/dovecot.ts'
import { all, mail, uids } from '../conformance/index.ts'

let dovecot: Dovecot
beforeAll(async () => {
  dovecot = await startDovecot({ capability: 'IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE' })
})
afterAll(async () => dovecot?.stop())

/** In front of the server: spoils the first command of `name` after `since` was seen `times` times, so that it is refused. */
async function spoiler(name: string, since: string, times: number) {
  let seen = 0
  let done = false
  const server = createServer((client) => {
    const upstream = connect(dovecot.imapPort, '127.0.0.1')
    client.on('data', (data) => {
      const text = data.toString('latin1')
      const spoil = !done && seen >= times && text.includes(` ${name}`)
      if (text.includes(` ${since}`)) seen++
      if (!spoil) return void upstream.write(data)
      done = true
      upstream.write(Buffer.from(text.replace(` ${name}`, ` X${name.slice(1)}`), 'latin1'))
    })
    upstream.on('data', (data) => client.write(data))
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, spoilt: () => done, stop: () => server.close() }
}

test('the second step of a move is refused: in doubt, for the first is done; settled, nothing is lost', async () => {
  const login = 'steps@example.org'
  const messages = Array.from({ length: 60 }, (_, n) => ({ bytes: mail(`m${n}`), letters: '', date: new Date(1.6e12) }))
  seedMaildir(dovecot.mailDir(login), 'INBOX', messages)
  const proxy = await spoiler('UID COPY', 'UID COPY', 1)
  const provider = dovecotProvider(dovecot, { port: proxy.port })
  const session = await provider.open({ login })
  const hold = await session.hold('quarantine', [])
  const target = await session.position(hold)
  const items = await session.state(
    'INBOX',
    Array.from({ length: 60 }, (_, n) => n + 1),
  )
  if (!target || items.length !== 60) throw new Error('not seeded')
  await expect(session.move('INBOX', uids(items), hold)).rejects.toMatchObject({ code: 'unknown' })
  expect(proxy.spoilt()).toBe(true)
  const settled = await session.settle({ source: 'INBOX', items, target, shared: false })
  const places = [...settled.values()].map((one) => one.at)
  expect([places.filter((at) => at === 'target').length, places.filter((at) => at === 'source').length]).toEqual([
    50, 10,
  ])
  await session.close()
  await provider.close()
  proxy.stop()
})

test('the look after an APPEND is refused: in doubt, for the message is there; another APPEND would double it', async () => {
  const login = 'append@example.org'
  const proxy = await spoiler('UID FETCH', 'APPEND', 1)
  const provider = dovecotProvider(dovecot, { port: proxy.port })
  const session = await provider.open({ login })
  const copy = { bytes: mail('once'), flags: [], keywords: [], internalDate: new Date(1.6e12) }
  await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'unknown' })
  expect(proxy.spoilt()).toBe(true)
  expect(await all(session.read('INBOX', [1]))).toHaveLength(1)
  await session.close()
  await provider.close()
  proxy.stop()
})
