import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { onCrashPoint } from './crash.ts'
import { PlaceError, placeFile, placesElsewhere } from './place-file.ts'
import { place } from './place-steps.ts'

const steps = vi.hoisted((): string[] => [])
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const names = new Map<number, string>()
  return {
    ...fs,
    openSync: (path: string, ...rest: [string, number?]) => {
      const file = fs.openSync(path, ...rest)
      names.set(file, path.slice(path.lastIndexOf('/') + 1))
      return file
    },
    fsync: (file: number, done: (error: Error | null) => void) => {
      steps.push(`began ${names.get(file)}`)
      fs.fsync(file, (error) => {
        steps.push(`synced ${names.get(file)}`)
        done(error)
      })
    },
    renameSync: (from: string, to: string) => {
      fs.renameSync(from, to)
      steps.push(`renamed ${to.slice(to.lastIndexOf('/') + 1)}`)
    },
  }
})

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recourse-place-'))
  for (const name of ['tmp', 'new']) mkdirSync(join(dir, name))
  steps.length = 0
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const file = (name: string, text = name, more: { once?: boolean } = {}) => ({
  temporary: join(dir, 'tmp', name),
  target: join(dir, 'new', name),
  bytes: Buffer.from(text),
  points: {},
  ...more,
})

test('bytes are durable before the name, the name before the answer', async () => {
  expect(await place(file('one', 'x'.repeat(100_000)))).toBeNull()
  expect(steps).toEqual(['began one', 'synced one', 'renamed one', 'began new', 'synced new'])
})

test('files of one folder share its fsync, and none shares one that began before its rename', async () => {
  const names = Array.from({ length: 30 }, (_, i) => `f${i}`)
  const seen = new Map<string, number>()
  await Promise.all(
    names.map(async (name) => {
      expect(await place(file(name))).toBeNull()
      seen.set(name, steps.length)
    }),
  )
  expect(steps.filter((step) => step === 'synced new').length).toBeLessThan(names.length)
  for (const name of names) {
    const began = steps.indexOf('began new', steps.indexOf(`renamed ${name}`))
    const synced = began === -1 ? -1 : steps.indexOf('synced new', began)
    expect(synced, name).not.toBe(-1)
    expect(synced, name).toBeLessThan(seen.get(name) ?? 0)
  }
  expect(readdirSync(join(dir, 'new'))).toHaveLength(30)
  expect(readdirSync(join(dir, 'tmp'))).toEqual([])
})

test('in another thread: whole, for us alone, many at once', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `f${i}`)
  await Promise.all(names.map((name) => placeFile(file(name, name.repeat(2000)))))
  for (const name of names) expect(readFileSync(join(dir, 'new', name), 'utf8')).toBe(name.repeat(2000))
  expect(statSync(join(dir, 'new', 'f1')).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(dir, 'tmp'))).toEqual([])
})

test('what cannot be written says why, and whether it lies there', async () => {
  const failed = (one: ReturnType<typeof file>) => placeFile(one).catch((error: unknown) => error)
  const none = await failed({ ...file('one'), temporary: join(dir, 'none', 'one') })
  expect(none).toBeInstanceOf(PlaceError)
  expect(none).toMatchObject({ code: 'ENOENT', placed: false })
  expect(await failed({ ...file('two'), target: join(dir, 'none', 'two') })).toMatchObject({
    code: 'ENOENT',
    placed: false,
  })
  writeFileSync(join(dir, 'tmp', 'three'), 'of somebody else')
  expect(await failed(file('three'))).toMatchObject({ code: 'EEXIST', placed: false })
  expect(existsSync(join(dir, 'new', 'three'))).toBe(false)
  expect(readdirSync(join(dir, 'tmp'))).not.toContain('two')
  await placeFile(file('four'))
})

test('once: what is there in the same size is made young and durable, not written again', async () => {
  const old = new Date('2001-01-01T00:00:00Z')
  writeFileSync(join(dir, 'new', 'one'), 'same')
  utimesSync(join(dir, 'new', 'one'), old, old)
  chmodSync(join(dir, 'new', 'one'), 0o400)
  expect(await place(file('one', 'SAME', { once: true }))).toBeNull()
  expect(readFileSync(join(dir, 'new', 'one'), 'utf8')).toBe('same')
  expect(statSync(join(dir, 'new', 'one')).mtimeMs).toBeGreaterThan(old.getTime())
  expect(steps).toEqual(['began new', 'synced new'])
  expect(await place(file('one', 'another size', { once: true }))).toBeNull()
  expect(readFileSync(join(dir, 'new', 'one'), 'utf8')).toBe('another size')
})

test('large bytes are not copied into the thread, and who watches crash points sees all of them in this one', () => {
  expect(placesElsewhere(Buffer.alloc(1024 * 1024))).toBe(true)
  expect(placesElsewhere(Buffer.alloc(1024 * 1024 + 1))).toBe(false)
  onCrashPoint(() => undefined)
  expect(placesElsewhere(Buffer.alloc(1))).toBe(false)
  onCrashPoint(null)
  expect(placesElsewhere(Buffer.alloc(1))).toBe(true)
})
