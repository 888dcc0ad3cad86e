import { array, assert, boolean, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { type Layer, pilesOf } from './layers.ts'

let n = 0
const layer = (part: Partial<Layer>): Layer => {
  const id = String(++n).padStart(4, '0')
  return {
    id,
    actionId: id,
    actionName: `Action ${id}`,
    sameAs: null,
    undoes: null,
    chosen: true,
    at: n,
    before: null,
    after: null,
    ...part,
  }
}

test('all layers of a copy go back in one step, from where the last has put it to where the first has found it', () => {
  const [a, b, c] = [layer({}), layer({}), layer({})]
  expect(pilesOf([b, a, c].filter((l) => l !== undefined))).toEqual({ piles: [[c, b, a]], blocked: [] })
})

test('a lower layer alone waits for what lies on it', () => {
  const lower = layer({})
  const upper = layer({ chosen: false })
  expect(pilesOf([lower, upper])).toEqual({ piles: [], blocked: [{ layer: lower, by: upper }] })
})

test('what lies between is not jumped over', () => {
  const [a, b, c] = [layer({}), layer({ chosen: false }), layer({})]
  expect(pilesOf([a, b, c])).toEqual({ piles: [[c]], blocked: [{ layer: a, by: b }] })
})

test('an undo that is not itself undone does not count', () => {
  const below = layer({})
  const undo = layer({ undoes: 'x', chosen: false })
  expect(pilesOf([below, undo]).piles).toEqual([[below]])
})

test('what is yet to be done lies on top, whenever it was asked for', () => {
  const soon = layer({ chosen: false, at: Number.POSITIVE_INFINITY })
  const done = layer({})
  expect(pilesOf([soon, done]).blocked).toEqual([{ layer: done, by: soon }])
})

test('further copies are told apart by where they went', () => {
  const x1 = layer({ sameAs: 'm', before: 'in1', after: 'hold1' })
  const y1 = layer({ sameAs: 'm', before: 'in2', after: 'hold2' })
  const x2 = layer({ sameAs: 'm', before: 'hold1', after: 'deep1', chosen: false })
  const { piles, blocked } = pilesOf([x1, y1, x2])
  expect(piles).toEqual([[y1]])
  expect(blocked).toEqual([{ layer: x1, by: x2 }])
})

test('whatever is chosen: every chosen layer is in one pile or blocked, and a pile is a run from the top', () => {
  assert(
    property(array(boolean(), { maxLength: 12 }), constantFrom(1, -1), (chosen, order) => {
      const layers = chosen.map((c) => layer({ chosen: c }))
      const { piles, blocked } = pilesOf(layers.toSorted((a, b) => order * (a.at - b.at)))
      const run = layers.toReversed().findIndex((l) => !l.chosen)
      const top = layers.toReversed().slice(0, run < 0 ? layers.length : run)
      expect(piles).toEqual(top.length > 0 ? [top] : [])
      expect(piles.flat().length + blocked.length).toBe(layers.filter((l) => l.chosen).length)
    }),
  )
})
