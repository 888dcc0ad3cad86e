import { describe, expect, it } from 'vitest'
import { check } from '../../tools/rooms.ts'

const door = (room: string, text = '') => ({ path: `${room}/index.ts`, text })

describe('the check of the rooms', () => {
  it('accepts an import of a room above through its door', () => {
    expect(
      check([
        door('storage'),
        door('records'),
        { path: 'records/q.ts', text: `import { x } from '../storage/index.ts'` },
      ]),
    ).toEqual([])
  })
  it('refuses an import of a room below, type-only ones too', () => {
    const wrong = check([door('storage', `import type { x } from '../records/index.ts'`), door('records')])
    expect(wrong).toEqual(['storage/index.ts: storage may not import records, which stands below it'])
  })
  it('refuses reaching past a door, in tests too', () => {
    const wrong = check([
      door('storage'),
      door('lists'),
      { path: 'lists/a.test.ts', text: `await import('../storage/pool.ts')` },
    ])
    expect(wrong).toEqual(['lists/a.test.ts: reaches past the door of storage (storage/pool.ts)'])
  })
  it('refuses a room without a door and a folder that is no room', () => {
    expect(check([{ path: 'mail/x.ts', text: '' }, door('helpers')])).toHaveLength(2)
  })
  it('finds cycles, and does not count type-only imports', () => {
    const a = door('mail', `import { b } from './b.ts'`)
    expect(check([a, { path: 'mail/b.ts', text: `import { a } from './index.ts'` }])).toEqual([
      'import cycle: mail/index.ts → mail/b.ts → mail/index.ts',
    ])
    expect(check([a, { path: 'mail/b.ts', text: `import type { A } from './index.ts'` }])).toEqual([])
  })
  it.each([
    `db.insertInto('message')`,
    'sql`update message set x = 1`',
    'sql`delete from message where true`',
    'sql`INSERT INTO "message" (a) values (1)`',
  ])('refuses a foreign write: %s', (text) => {
    const records = [
      door('records'),
      { path: 'records/migrations/001.sql', text: 'create table message (tenant_id uuid)' },
    ]
    expect(check([...records, door('http', text)])).toEqual(['http/index.ts: writes message, a table of records'])
    expect(check([...records, { path: 'records/w.ts', text }])).toEqual([])
  })
  it('does not take a locking clause or prose for a write', () => {
    const records = door('records', 'create table message (x int)')
    expect(check([records, door('http', 'select * from message for update of message')])).toEqual([])
  })
  it('refuses a file that nobody can read in one sitting', () => {
    expect(check([door('mail', '\n'.repeat(500))])[0]).toMatch(/501 lines/)
  })
  it('lets in by the pure door, and keeps what stands behind it from the others and from heavy packages', () => {
    const at = (path: string, text: string) => ({ path, text })
    const rooms = [door('base'), door('lists'), door('detection')]
    const enter = at('detection/pure.ts', `export { a } from './a.ts'`)
    expect(
      check([
        ...rooms,
        enter,
        at('detection/a.ts', `import { x } from '../lists/pure.ts'\nimport type { T } from '../base/index.ts'`),
        at('lists/pure.ts', `export const later = () => import('typebox')`),
      ]),
    ).toEqual([])
    expect(check([...rooms, enter, at('detection/a.ts', `import { x } from '../lists/index.ts'`)])).toEqual([
      'detection/a.ts: stands behind a pure door, and enters lists by the other (pure.ts is the pure one)',
    ])
    const wrong = 'lists/values.ts: imports typebox/compile, and stands behind a pure door'
    const values = at('lists/values.ts', `import { Compile } from 'typebox/compile'`)
    const inner = at('lists/pure.ts', `export { v } from './values.ts'`)
    expect(
      check([...rooms, enter, at('detection/a.ts', `import { v } from '../lists/pure.ts'`), inner, values]),
    ).toEqual([wrong])
  })
})
