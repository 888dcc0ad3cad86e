import { expect, test } from 'vitest'
import { readAnswer } from './answer.ts'

const DNS = { kind: 'dns', id: 1, name: 'example.org', type: 'TXT' }

test.each([
  [{ kind: 'ready' }],
  [{ kind: 'done', id: 3, value: undefined }],
  [{ kind: 'failed', id: 3, why: 'x'.repeat(1_000) }],
  [DNS],
])('a child may answer %j', (value) => {
  expect(readAnswer(value)).toEqual(value)
})

test.each([
  [null],
  ['ready'],
  [[]],
  [{}],
  [{ kind: 'other', id: 1 }],
  [{ kind: 'done', value: 1 }],
  [{ kind: 'done', id: '1', value: 1 }],
  [{ kind: 'done', id: 1.5, value: 1 }],
  [{ kind: 'done', id: 1 }],
  [{ kind: 'failed', id: 1, why: 'x'.repeat(1_001) }],
  [{ kind: 'failed', id: 1, why: 7 }],
  [{ ...DNS, name: 'x'.repeat(1_025) }],
  [{ ...DNS, type: 'x'.repeat(11) }],
  [{ ...DNS, type: null }],
  [{ kind: 'dns', id: 1, name: 'example.org' }],
])('and never %j', (value) => {
  expect(readAnswer(value)).toBeNull()
})
