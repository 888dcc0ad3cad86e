import { beforeEach, expect, test } from 'vitest'
import type { Office } from '../../../test/rig/memory-office.ts'
import { asDelivered, type Copy, keep, letter } from '../../../test/rig/office.ts'
import { offices } from '../../../test/rig/offices.ts'

const t = offices()
let office: Office
beforeEach(() => {
  office = t.office()
})

/** One message that came to Ann by her own address and by a list: two copies in one mailbox, two deliveries. */
async function twice(known: readonly boolean[]): Promise<readonly Copy[]> {
  const mail = letter('Hello, all')
  const user = office.user('ann')
  const to = ['ann@kontor.example', 'team@kontor.example'].map((address, n) => {
    const uid = user.append('INBOX', asDelivered(mail.sent, address))
    const ref = user.list('INBOX').find((c) => c.ref.uid === uid)?.ref ?? null
    return { mailbox: { ...office.mailbox('ann'), address }, ref: known[n] ? ref : null }
  })
  return keep(t.storage, t.a, { letter: mail, at: 'inbox', to })
}
/** To whom the copies in the Inbox were addressed. */
const inbox = () => {
  const user = office.user('ann')
  const to = (uid: number) => /Delivered-To: (\S+)@/.exec(user.bytes('INBOX', uid).toString())?.[1]
  return user
    .list('INBOX')
    .map((c) => to(c.ref.uid))
    .sort()
}

const PLACES = [[[true, true]], [[true, false]], [[false, true]], [[false, false]]] as const

test.each(PLACES)(
  'one of two recipients in one mailbox, places known %j: that one is taken, that one comes back',
  async (known) => {
    for (const [n, name] of [
      [0, 'ann'],
      [1, 'team'],
    ] as const) {
      const copies = await twice(known)
      const before = inbox()
      const id = await office.run({ kind: 'soft-delete' }, copies.slice(n, n + 1))
      const rest = [...before]
      rest.splice(rest.indexOf(name), 1)
      expect(inbox()).toEqual(rest)
      expect((await office.view(id)).counts).toMatchObject({ total: 1, done: 1 })
      await office.undo(id)
      expect(inbox()).toEqual(before)
      expect((await office.view(id)).state).toBe('undone')
    }
  },
)

test.each(PLACES)('both, places known %j: taken by one action, given back one after the other', async (known) => {
  const copies = await twice(known)
  const before = office.user('ann').snapshot()
  const id = await office.run({ kind: 'soft-delete' }, copies)
  expect(inbox()).toEqual([])
  expect((await office.view(id)).counts).toMatchObject({ total: 2, done: 2 })
  const [first] = await office.items(id)
  if (!first) throw new Error('no item')
  await office.undo(id, { items: [first.id] })
  expect(inbox()).toHaveLength(1)
  await office.undo(id)
  expect(office.user('ann').snapshot()).toEqual(before)
})

test('and the user’s own copy of one of them goes too', async () => {
  const copies = await twice([false, false])
  const user = office.user('ann')
  user.createFolder('Mine')
  user.copy('INBOX', 1, 'Mine')
  const before = user.snapshot()
  const id = await office.run({ kind: 'quarantine' }, copies)
  expect(user.snapshot()).toEqual([])
  expect((await office.view(id)).counts).toMatchObject({ total: 3, done: 3 })
  await office.undo(id)
  expect(user.snapshot()).toEqual(before)
})
