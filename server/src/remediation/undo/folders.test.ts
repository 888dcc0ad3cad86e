import { expect, test } from 'vitest'
import { offices } from '../../../test/rig/offices.ts'

const { office } = offices()

/** One message from each folder, taken together; then `gone` are deleted. */
async function takenFrom(folders: readonly string[], gone: readonly string[]) {
  const o = office()
  const copies = []
  for (const folder of folders) copies.push(...(await o.deliver(['ann'], { folder })).copies)
  const id = await o.run({ kind: 'quarantine' }, copies)
  for (const folder of gone) o.user('ann').deleteFolder(folder)
  return { o, id }
}

type Taken = Awaited<ReturnType<typeof takenFrom>>

/** What is said of each message, by the folder that it was taken from. */
async function saidOfUndo({ o, id }: Taken) {
  const from = new Map((await o.items(id)).map((i) => [i.deliveryId, i.before?.folder ?? '']))
  const back = await o.items(await o.undo(id, { folderGone: 'inbox' }))
  return Object.fromEntries(
    back.map((i) => [from.get(i.deliveryId), { reason: i.reason, lost: i.lost, at: i.after?.folder }]),
  )
}

test.each([
  ['it is the first', ['Work', 'INBOX']],
  ['it is the last', ['INBOX', 'Work']],
])(
  'what goes to the Inbox because its folder is gone says so, what belongs there says nothing: %s (mailbox #57)',
  async (_, folders) => {
    expect(await saidOfUndo(await takenFrom(folders, ['Work']))).toEqual({
      INBOX: { reason: null, lost: [], at: 'INBOX' },
      Work: {
        reason: expect.stringContaining('Work is gone'),
        lost: [expect.stringContaining('Work is gone')],
        at: 'INBOX',
      },
    })
  },
)

test('each says which folder is gone, where several are', async () => {
  const taken = await takenFrom(['Work', 'Play', 'INBOX'], ['Work', 'Play'])
  const items = await saidOfUndo(taken)
  expect(items['Work']?.reason).toContain('Work is gone')
  expect(items['Play']?.reason).toContain('Play is gone')
  expect(taken.o.uids('ann', 'INBOX')).toHaveLength(3)
})

test('that a folder was made again is said of all that went there', async () => {
  const { o, id } = await takenFrom(['Work', 'Work', 'INBOX'], ['Work'])
  const items = await o.items(await o.undo(id))
  expect(items.map((i) => [i.after?.folder, i.reason]).sort()).toEqual([
    ['INBOX', null],
    ['Work', 'The folder Work was gone and was made again.'],
    ['Work', 'The folder Work was gone and was made again.'],
  ])
})
