import { expect, test } from 'vitest'
import { check } from './checker.ts'
import { type Deed, History, type HistoryEvent } from './history.ts'

const HOLD = 'Recourse-Hold/quarantine'
const mailbox = 'ann'
const id = 'letter'

/** A history written by hand. */
class Tale {
  readonly history = new History()

  say(event: HistoryEvent, process = 'worker-1'): this {
    this.history.add(process, event)
    return this
  }
  deed(
    process: string,
    f: Deed['f'],
    from: string | null,
    to: string | null,
    type: 'ok' | 'fail' | 'info',
    copy = '1',
  ): this {
    this.history.invoke(process, { f, mailbox, id, from, to, copy })(type)
    return this
  }
  delivered(): this {
    return this.deed('transport', 'add', null, 'INBOX', 'ok')
  }
  taken(type: 'ok' | 'fail' | 'info' = 'ok', copy = '1', process = 'worker-1'): this {
    return this.deed(process, 'move', 'INBOX', HOLD, type, copy)
  }
  settled(at: 'source' | 'target' | 'neither', to = HOLD): this {
    return this.say({ type: 'settled', mailbox, id, from: 'INBOX', to, copy: '1', at }, 'worker-2')
  }
  read(folder: string): this {
    return this.say({ type: 'read', mailbox, folder, ids: [id] })
  }
  ack(folder: string, since = this.history.length): this {
    return this.say({ type: 'ack', mailbox, id, item: 'item', folder, verified: true, since }, 'ledger')
  }
  end(places: Record<string, number>): string[] {
    this.say({ type: 'final', mailbox, id, places }, 'end')
    return check(this.history.events).map((v) => v.kind)
  }
}
const tale = () => new Tale().delivered()

test('what the user takes of a move that was cut off in half is his; the original lies where it was', () => {
  const cut = () => tale().deed('worker-1', 'move', 'INBOX', 'Junk', 'info')
  const moved = () => cut().deed('user ann', 'move', 'Junk', 'Mine', 'ok', '2').settled('source', 'Junk')
  expect(moved().end({ INBOX: 1, Mine: 1 })).toEqual([])
  expect(moved().end({ INBOX: 2, Mine: 1 })).not.toEqual([])
  expect(cut().deed('user ann', 'remove', 'Junk', null, 'ok', '2').settled('source', 'Junk').end({ INBOX: 1 })).toEqual(
    [],
  )
  expect(cut().settled('source', 'Junk').end({ INBOX: 1, Mine: 1 })).not.toEqual([])
})

test('two commands for one move that have both come: two copies are right where that is told, and nowhere else', () => {
  const both = () => tale().taken('info').settled('source').taken('info').settled('target')
  expect(both().end({ [HOLD]: 2 })).toEqual(['duplicated'])
  const told = { type: 'beside', mailbox, id } as const
  expect(
    both()
      .say(told, 'ledger')
      .end({ [HOLD]: 2 }),
  ).toEqual([])
  expect(
    both()
      .say(told, 'ledger')
      .end({ [HOLD]: 3 }),
  ).toEqual(['duplicated'])
})

test('of two moves of one copy to different folders each is settled as what it was', () => {
  const doubt = { type: 'doubt', mailbox, id, why: 'Both were left' } as const
  const two = tale()
    .taken('info')
    .settled('source')
    .deed('worker-2', 'move', 'INBOX', 'Junk', 'info')
    .say(doubt, 'ledger')
  const late = two.settled('target').deed('worker-1', 'move', 'Junk', HOLD, 'ok', '3')
  expect(late.end({ [HOLD]: 2 })).toEqual([])
})

test('histories that can be: taken, given back, in doubt and settled, moved and removed by the user', () => {
  expect(tale().end({ INBOX: 1 })).toEqual([])
  expect(
    tale()
      .taken()
      .read(HOLD)
      .ack(HOLD)
      .end({ [HOLD]: 1 }),
  ).toEqual([])
  expect(tale().taken('fail').end({ INBOX: 1 })).toEqual([])
  for (const places of [{ INBOX: 1 }, { [HOLD]: 1 }]) expect(tale().taken('info').end(places)).toEqual([])
  expect(
    tale()
      .taken('info')
      .settled('target')
      .read(HOLD)
      .ack(HOLD)
      .end({ [HOLD]: 1 }),
  ).toEqual([])
  expect(
    tale()
      .taken('info')
      .settled('source')
      .taken('ok')
      .end({ [HOLD]: 1 }),
  ).toEqual([])
  // The second attempt was told that it had moved it; that the first one could come yet changes nothing.
  expect(
    tale()
      .taken('info')
      .settled('source')
      .taken('ok')
      .settled('target')
      .end({ [HOLD]: 1 }),
  ).toEqual([])
  expect(tale().deed('user', 'move', 'INBOX', 'Mine', 'ok').taken('fail').end({ Mine: 1 })).toEqual([])
  expect(tale().deed('user', 'remove', 'INBOX', null, 'ok').end({})).toEqual([])
  expect(tale().deed('user', 'copy', 'INBOX', 'Mine', 'ok').end({ INBOX: 1, Mine: 1 })).toEqual([])
  const renamed = tale().say({ type: 'folder', mailbox, from: 'INBOX', to: 'Old' }, 'user')
  expect(renamed.end({ Old: 1 })).toEqual([])
  const back = tale().taken().deed('worker-1', 'move', HOLD, 'INBOX', 'ok', '2').read('INBOX').ack('INBOX')
  expect(back.end({ INBOX: 1 })).toEqual([])
})

test('lost: in no place, and nobody removed it', () => {
  expect(tale().end({})).toEqual(['lost'])
  expect(tale().taken().end({})).toEqual(['lost'])
  expect(tale().taken('info').end({})).toEqual(['lost'])
  expect(tale().deed('user', 'copy', 'INBOX', 'Mine', 'ok').end({ Mine: 1 })).toEqual(['lost'])
})

test('duplicated: by a blind repetition, by a second process, by a restore of what was there', () => {
  expect(
    tale()
      .taken('info')
      .end({ INBOX: 1, [HOLD]: 1 }),
  ).toEqual(['duplicated'])
  expect(
    tale()
      .taken()
      .end({ INBOX: 1, [HOLD]: 1 }),
  ).toEqual(['duplicated'])
  expect(
    tale()
      .taken('info')
      .taken('info', '1', 'worker-2')
      .end({ [HOLD]: 2 }),
  ).toEqual(['duplicated'])
  expect(tale().deed('worker-1', 'append', null, 'INBOX', 'ok').end({ INBOX: 2 })).toEqual(['duplicated'])
})

test('resurrected: the user has deleted it and it is there', () => {
  const deleted = tale().deed('user', 'remove', 'INBOX', null, 'ok')
  expect(deleted.deed('worker-1', 'append', null, 'INBOX', 'ok').end({ INBOX: 1 })).toEqual(['resurrected'])
})

test('in the wrong place, or an effect that was acknowledged is missing', () => {
  expect(tale().taken().end({ INBOX: 1 })).toEqual(['wrong-place'])
  expect(
    tale()
      .taken('fail')
      .end({ [HOLD]: 1 }),
  ).toEqual(['wrong-place'])
  expect(tale().deed('user', 'move', 'INBOX', 'Mine', 'ok').end({ INBOX: 1 })).toEqual(['wrong-place'])
  expect(tale().read(HOLD).ack(HOLD).end({ INBOX: 1 })).toEqual(['missing-effect'])
  expect(tale().taken('fail').read(HOLD).ack(HOLD).end({ INBOX: 1 })).toEqual(['missing-effect'])
})

test('told of something that cannot have been; called verified without a look', () => {
  expect(
    tale()
      .taken('ok')
      .taken('ok')
      .end({ [HOLD]: 1 }),
  ).toEqual(['impossible'])
  expect(
    tale()
      .taken('info')
      .settled('target')
      .settled('source')
      .end({ [HOLD]: 1 }),
  ).toEqual([])
  expect(
    tale()
      .read(HOLD)
      .taken()
      .ack(HOLD)
      .end({ [HOLD]: 1 }),
  ).toEqual(['unverified'])
  expect(
    tale()
      .taken()
      .settled('target')
      .ack(HOLD)
      .end({ [HOLD]: 1 }),
  ).toEqual(['unverified'])
})

test('cut off in half between two folders of the user’s: two copies are right where that is listed, and nowhere else', () => {
  const half = () => tale().deed('worker-1', 'move', 'INBOX', 'Junk', 'info')
  const doubt = { type: 'doubt', mailbox, id, why: 'Both were left' } as const
  expect(half().say(doubt, 'ledger').end({ INBOX: 1, Junk: 1 })).toEqual([])
  expect(half().end({ INBOX: 1, Junk: 1 })).toEqual(['duplicated'])
  expect(
    tale()
      .taken('info')
      .say(doubt, 'ledger')
      .end({ INBOX: 1, [HOLD]: 1 }),
  ).toEqual(['duplicated'])
  expect(half().say(doubt, 'ledger').end({ INBOX: 1, Junk: 2 })).toEqual(['duplicated'])
})

test('a user who empties a hold that he can see: the bytes are in the vault; put back twice is once too often', () => {
  const emptied = () => tale().taken().deed('user', 'remove', HOLD, null, 'ok')
  expect(emptied().end({})).toEqual([])
  expect(emptied().deed('worker-1', 'append', null, 'INBOX', 'ok').end({ INBOX: 1 })).toEqual([])
  const twice = emptied()
    .deed('worker-1', 'append', null, 'INBOX', 'info')
    .deed('worker-1', 'append', null, 'INBOX', 'ok')
  expect(twice.end({ INBOX: 2 })).toEqual(['duplicated'])
})

test('a process that stood still hears its answer after another has found out: it must be the same, or have come late', () => {
  for (const [at, type, places, wrong] of [
    ['target', 'ok', { [HOLD]: 1 }, []],
    ['source', 'fail', { INBOX: 1 }, []],
    // Not yet when it was looked for, and carried out late.
    ['source', 'ok', { [HOLD]: 1 }, []],
    ['source', 'ok', { INBOX: 1 }, ['wrong-place']],
    ['target', 'fail', { [HOLD]: 1 }, ['impossible']],
  ] as const) {
    const t = tale()
    const answer = t.history.invoke('worker-1', { f: 'move', mailbox, id, from: 'INBOX', to: HOLD, copy: '1' })
    t.settled(at)
    answer(type)
    expect(t.end(places)).toEqual(wrong)
  }
})
