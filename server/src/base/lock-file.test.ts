import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takeLockFile } from './lock-file.ts'

const { link } = files
let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recourse-lock-'))
  path = join(dir, 'lock')
})
afterEach(() => {
  withLinks(link)
  rmSync(dir, { recursive: true, force: true })
})

function withLinks(how: typeof link): void {
  files.link = how
  syncBuiltinESMExports()
}
const without = (code: string) => () => Promise.reject(Object.assign(new Error(`${code}: link`), { code }))
const names = () => readdirSync(dir, { recursive: true }).sort()

describe.each([
  ['with hard links', null],
  ['without (FAT)', 'EPERM'],
  ['without (some network file systems)', 'ENOTSUP'],
  ['without (some that are programs)', 'ENOSYS'],
])('on a file system %s', (_, code) => {
  beforeEach(() => {
    if (code !== null) withLinks(without(code))
  })
  const take = (text: string, isLeft: (there: string) => boolean = () => false) => takeLockFile(path, text, isLeft)

  test('one has it, with all its text, until he gives it back; nothing is left of it', async () => {
    const release = await take('mine')
    const asked: string[] = []
    const look = (text: string) => asked.push(text) === 0
    expect([await take('theirs', look), await take('theirs', look)]).toEqual([null, null])
    expect(asked).toEqual(['mine', 'mine'])
    await release?.()
    expect(names()).toEqual([])
    await (await take('theirs'))?.()
    expect(names()).toEqual([])
  })

  test('of many who take over what was left one has it', async () => {
    const ways = [
      () => writeFileSync(path, 'left'),
      () => writeFileSync(path, ''),
      () => mkdirSync(path),
      async () => void (await take('left')),
    ]
    for (const leave of Array.from({ length: 10 }, () => ways).flat()) {
      await leave()
      const all = await Promise.all(Array.from({ length: 8 }, (_, i) => take(`new ${i}`, (text) => text === 'left')))
      const [release, ...others] = all.filter((one) => one !== null)
      expect(others).toEqual([])
      expect(await take('late')).toBe(null)
      await release?.()
      expect(names()).toEqual([])
    }
  })
})

test('whoever was killed while he took over what was left holds nobody up for long', async () => {
  writeFileSync(path, 'left')
  mkdirSync(`${path}.taking`)
  expect(await takeLockFile(path, 'mine', () => true)).toBe(null)
  utimesSync(`${path}.taking`, 0, 0)
  await (await takeLockFile(path, 'mine', () => true))?.()
  expect(names()).toEqual([])
})

test('a directory that cannot be written is no lock that somebody has', async () => {
  await expect(takeLockFile(join(dir, 'no', 'lock'), 'mine', () => true)).rejects.toMatchObject({ code: 'ENOENT' })
  withLinks(without('EIO'))
  await expect(takeLockFile(path, 'mine', () => true)).rejects.toMatchObject({ code: 'EIO' })
  expect(names()).toEqual([])
})
