import { expect, test } from 'vitest'
import { offices } from '../../../test/rig/offices.ts'

const t = offices()

test('a take makes the hold that it needs, and no other', async () => {
  const o = t.office()
  const { copies } = await o.deliver(['ann'])
  const id = await o.run({ kind: 'hard-delete' }, copies)
  await o.undo(id)
  // Who removes a folder that is not there is told so.
  const remove = (hold: string) => () => o.user('ann').deleteFolder(`Recourse-Hold/${hold}`)
  for (const hold of ['quarantine', 'soft-deleted']) expect(remove(hold)).toThrow()
  expect(remove('hard-deleted')).not.toThrow()
})
