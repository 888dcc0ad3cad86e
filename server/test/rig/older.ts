import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ALL_MIGRATIONS } from '../../src/migrations.ts'
import type { RoomMigrations } from '../../src/storage/index.ts'

export interface Older {
  readonly migrations: readonly RoomMigrations[]
  /** Removes the copies of the files. */
  drop(): void
}

/** The rooms named here as they were, each up to so many files: `{ records: 1 }`; storage is always whole. */
export function older(upTo: Readonly<Record<string, number>>): Older {
  const home = mkdtempSync(join(tmpdir(), 'recourse-older-'))
  const migrations = ALL_MIGRATIONS.filter((m) => upTo[m.room] !== undefined).map(({ room, dir }) => {
    const own = mkdtempSync(join(home, room))
    const first = readdirSync(fileURLToPath(dir)).sort().slice(0, upTo[room])
    for (const file of first) copyFileSync(new URL(file, dir), join(own, file))
    return { room, dir: pathToFileURL(`${own}/`) }
  })
  return { migrations, drop: () => rmSync(home, { recursive: true, force: true }) }
}
