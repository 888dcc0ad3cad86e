import { expect, test } from 'vitest'
import { keep, letter } from '../../test/rig/office.ts'
import { offices } from '../../test/rig/offices.ts'
import type { EntryRule } from '../lists/index.ts'
import { tryOnPast } from './past.ts'

const t = offices()

test('messages with very many links are all counted, or it is said that there are more', async () => {
  const mailbox = t.office().mailbox('ann')
  const links = Array.from({ length: 40 }, (_, n) => ({ kind: 'url' as const, value: `https://many.example/${n}` }))
  for (let n = 0; n < 12; n++)
    await keep(t.storage, t.a, {
      letter: letter('A newsletter'),
      at: 'quarantine',
      to: [{ mailbox, ref: null }],
      receivedAt: new Date(Date.now() - n * 60_000),
      entities: [...links, { kind: 'url-domain', value: 'many.example' }],
    })
  const look = (kind: EntryRule['kind'], value: string, limit: number) => {
    const rule = { id: 'x', version: 0, action: 'allow', kind, value, expiresAt: null, origin: 'direct' } as const
    return t.storage.tenant(t.a, (tx) => tryOnPast(tx, rule, { limit }))
  }
  for (const [kind, value] of [
    ['url-domain', 'many.example'],
    ['url', 'many.example/*'],
  ] as const) {
    expect(await look(kind, value, 20)).toMatchObject({ matching: 12, complete: true })
    expect(await look(kind, value, 12)).toMatchObject({ matching: 12, complete: true })
    expect(await look(kind, value, 11)).toMatchObject({ matching: 11, complete: false })
    // One message has more links than are read at a time.
    expect(await look(kind, value, 2)).toMatchObject({ matching: 2, complete: false })
  }
  expect(await look('url', 'many.example/39', 20)).toMatchObject({ matching: 12, complete: true })
  // All of them look like it, none is: that is known only when all were read.
  expect(await look('url', 'any.example/*', 20)).toMatchObject({ matching: 0, complete: true })
})
