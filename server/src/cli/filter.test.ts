import { expect, test } from 'vitest'
import { filterOf, parseQuery } from './filter.ts'

test('a filter as options and as one text: several values, none of, numbers, names of two words', () => {
  expect(
    filterOf({
      sender: 'a@x.example, b@x.example',
      not: 'sender,url-domain',
      urlsOver: '2',
      match: 'any',
      additional: 'none',
    }),
  ).toEqual({
    sender: ['a@x.example', 'b@x.example'],
    not: ['sender', 'urlDomain'],
    urlsOver: 2,
    match: 'any',
    additional: 'none',
  })
  expect(parseQuery('original-location=junk,not=original-location,size-under=100')).toEqual({
    originalLocation: 'junk',
    not: ['originalLocation'],
    sizeUnder: 100,
  })
  for (const wrong of ['urls-over=many', 'size-under=-1', 'nonsense=1']) expect(() => parseQuery(wrong)).toThrow()
})
