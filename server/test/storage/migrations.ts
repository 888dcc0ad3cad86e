import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { ALL_MIGRATIONS } from '../../src/migrations.ts'
import { connect } from '../../src/storage/connect.ts'
import { migrate } from '../../src/storage/migrate.ts'
import type { RoomMigrations } from '../../src/storage/types.ts'
import type { TestStorage } from '../rig/storage.ts'

function room(
  name: string,
  files: Record<string, string>,
): RoomMigrations & { write(file: string, text: string): void } {
  const home = mkdtempSync(join(tmpdir(), 'recourse-migrations-'))
  const dir = join(home, 'migrations')
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  mkdirSync(dir)
  const write = (file: string, text: string) => writeFileSync(join(dir, file), text)
  for (const [file, text] of Object.entries(files)) write(file, text)
  return { room: name, dir: pathToFileURL(`${dir}/`), write }
}

export function migrationCases(the: () => TestStorage): void {
  test('run once, in order, and again does nothing', async () => {
    const { storage } = the()
    const test = room('test', { '001-one.sql': 'create table t_one (n int); insert into t_one values (1)' })
    await migrate(storage, [...ALL_MIGRATIONS, test])
    test.write('002-two.sql', 'update t_one set n = n + 1; create table t_two (n int)')
    await migrate(storage, [...ALL_MIGRATIONS, test])
    await migrate(storage, [...ALL_MIGRATIONS, test])
    expect((await sql`select n from t_one`.execute(storage.db)).rows).toEqual([{ n: 2 }])

    test.write('001-one.sql', 'create table t_one (n bigint)')
    await expect(migrate(storage, [...ALL_MIGRATIONS, test])).rejects.toThrow(/differs from the one that was applied/)
    await expect(migrate(storage, ALL_MIGRATIONS)).rejects.toThrow(/newer Recourse: test [12]/)
    await sql`drop table t_one, t_two`.execute(storage.db)
    await sql`delete from schema_migration where room = 'test'`.execute(storage.db)
  })

  test('a failing file leaves nothing behind and says what failed', async () => {
    const { storage } = the()
    const test = room('test', { '001-half.sql': 'create table t_half (n int); select 1/0' })
    await expect(migrate(storage, [...ALL_MIGRATIONS, test])).rejects.toThrow(/test\/half failed: division by zero/)
    const left = await sql<{ t: string | null }>`select to_regclass('t_half') as t`.execute(storage.db)
    expect(left.rows).toEqual([{ t: null }])
  })

  test('several processes at once: each file is applied by one of them', async () => {
    const { storage, url, blobs } = the()
    const test = room('test', { '001-once.sql': 'create table t_once (n int); select pg_sleep(0.2)' })
    const others = await Promise.all([1, 2, 3].map(() => connect({ url, blobs, maxConnections: 2 })))
    try {
      await Promise.all(others.map((other) => migrate(other, [...ALL_MIGRATIONS, test])))
    } finally {
      await Promise.all(others.map((other) => other.close()))
    }
    await sql`drop table t_once`.execute(storage.db)
    await sql`delete from schema_migration where room = 'test'`.execute(storage.db)
  })

  test('names that do not fit, or a gap in the numbers, are refused', async () => {
    const { storage } = the()
    await expect(migrate(storage, [room('test', { 'one.sql': '' })])).rejects.toThrow(/name it NNN-what-it-does/)
    await expect(migrate(storage, [room('test', { '002-two.sql': '' })])).rejects.toThrow(/number 1 is missing/)
  })
}
