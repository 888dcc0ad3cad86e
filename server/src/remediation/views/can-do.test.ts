import { expect, test } from 'vitest'
import { offices } from '../../../test/rig/offices.ts'
import { canDo } from './history.ts'

const { office } = offices()

test('a proposal whose time is over is offered to nobody, whether or not that is written down already (air #86)', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann'])
  const select = { deliveryIds: copies.map((c) => c.id) }
  const { id } = await o.service.submit(o.analyst(['remediation.propose']), { kind: 'soft-delete', select })
  const view = await o.view(id)
  const at = (ms: number) =>
    canDo(view, o.analyst(), {
      ownProposals: true,
      purges: false,
      now: new Date(Date.parse(view.expiresAt ?? '') + ms),
    })
  expect(at(-1)).toMatchObject({ approve: true, reject: true, cancel: true, undo: false })
  const nothing = { approve: false, reject: false, approvePart: false, cancel: false, undo: false, redo: false }
  expect(at(0)).toEqual(nothing)
  const taken = await o.run({ kind: 'soft-delete' }, copies)
  expect(canDo(await o.view(taken), o.analyst(), { ownProposals: true, purges: false, now: new Date() })).toEqual({
    ...nothing,
    undo: true,
  })
})
