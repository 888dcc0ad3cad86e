import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { growth, LINEAR } from '../../test/rig/growth.ts'
import { parseJson, refuseUnclear, UnclearJson } from './index.ts'

const refused = (text: string): UnclearJson => {
  try {
    parseJson(text)
  } catch (error) {
    if (error instanceof UnclearJson) return error
    throw error
  }
  throw new Error(`taken: ${text}`)
}

test('a name that stands twice in one object is refused, with its place', () => {
  for (const [text, at] of [
    ['{"a":1,"a":1}', 'a'],
    ['{"a":{"b":[{"c":1},{"c":1,"d":[],"c":2}]}}', 'a.b.1.c'],
    ['[[],{"x":{"y":1},"y":{"z":1,"z":1}}]', '1.y.z'],
    ['{"port":1,"por\\u0074":2}', 'port'],
    ['{"a\\"b":1,"a\\u0022b":2}', 'a"b'],
    ['{"":1,"":2}', '""'],
    ['{"a\\nb":1,"a\\nb":2}', 'a b'],
    [`{${Array.from({ length: 40 }, (_, i) => `"n${i}":"{\\\\"`).join(',')},"n7":{}}`, 'n7'],
  ] as const)
    expect(refused(text)).toMatchObject({ at, message: `${at} stands in it twice` })
  expect(refused(`{"${'k'.repeat(1000)}":1,"${'k'.repeat(1000)}":1}`).message.length).toBeLessThan(200)
})

test('the same name in several objects, and in texts, is none', () => {
  const text = '{"a":{"a":[{"a":1},{"a":1}]},"b":"\\"a\\":1,\\"a\\":\\\\","c":["a","a"]}'
  expect(parseJson(text)).toEqual(JSON.parse(text))
})

test('what is nested deeper than anything of ours is refused', () => {
  expect(parseJson(`${'['.repeat(50)}${']'.repeat(50)}`)).toBeInstanceOf(Array)
  expect(refused(`${'['.repeat(51)}${']'.repeat(51)}`)).toMatchObject({ at: null, message: /more than 50 deep/ })
})

/** Written out with every place where a member stands twice if `double` says so. */
function written(value: unknown, double: () => boolean): string {
  if (Array.isArray(value)) return `[${value.map((one) => written(one, double)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).flatMap(([key, one]) => {
    const text = `${JSON.stringify(key)}:${written(one, double)}`
    return double() ? [text, `${JSON.stringify(key)} : null`] : [text]
  })
  return `{${members.join(',')}}`
}

describe('any JSON', () => {
  const any = fc.jsonValue({
    maxDepth: 5,
    stringUnit: fc.constantFrom('a', 'b', '"', '\\', '{', '[', ':', ',', 'é', '\u2028'),
  })

  test('without such names means what the parser says', () => {
    fc.assert(
      fc.property(any, (value) => {
        for (const text of [JSON.stringify(value), JSON.stringify(value, null, 1), written(value, () => false)])
          expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('with one is refused, wherever it stands', () => {
    fc.assert(
      fc.property(any, fc.nat(30), (value, skip) => {
        let [left, put] = [skip, 0]
        const text = written(value, () => left-- === 0 && ++put > 0)
        if (put > 0) expect(() => parseJson(text)).toThrow(UnclearJson)
      }),
      { numRuns: 500 },
    )
  })
})

test('takes time as the text is long', () => {
  const shapes: Readonly<Record<string, (size: number) => string>> = {
    names: (n) => JSON.stringify(Object.fromEntries(Array.from({ length: n / 8 }, (_, i) => [`k${i}`, 1]))),
    numbers: (n) => JSON.stringify(Object.fromEntries(Array.from({ length: n / 8 }, (_, i) => [i * 4096, 1]))),
    objects: (n) => `[${Array.from({ length: n / 8 }, () => '{"a":1}').join(',')}]`,
    quotes: (n) => JSON.stringify('"\\'.repeat(n / 4)),
    slashes: (n) => JSON.stringify('\\'.repeat(n / 2)),
  }
  for (const [name, shape] of Object.entries(shapes)) {
    const texts = new Map([5_000, 80_000].map((n) => [n, shape(n)]))
    expect(
      growth((n) => refuseUnclear(texts.get(n) ?? ''), 20_000),
      name,
    ).toBeLessThan(LINEAR)
  }
})
