import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from '../../../test/rig/dovecot.ts'
import { seedMaildir } from '../../../test/rig/seed.ts'
import { dovecotOwner, dovecotProvider } from '../conformance/dovecot.ts'
import { all, inFolder, mail, sha, uids } from '../conformance/index.ts'
import { createMaildirProvider } from '../maildir/provider.ts'
import { differsOnlyByNuls } from './fetch.ts'
import { batches, expandSet } from './sets.ts'
import { decodeMailbox, encodeMailbox } from './utf7.ts'
import { formatDate, parseDate } from './wire.ts'

describe('IMAP: what goes over the wire', () => {
  test('mailbox #61: names in modified UTF-7 come back, and only printable ASCII is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (name) => {
        const wire = encodeMailbox(name)
        expect(wire).toMatch(/^[\x20-\x7e]*$/)
        expect(decodeMailbox(wire)).toBe(name)
      }),
    )
    expect(encodeMailbox('é &AGE- 😀')).toBe('&AOk- &-AGE- &2D3eAA-')
    for (const wrong of ['&AGE-', '&', '&AOk', 'a&b']) expect(decodeMailbox(wrong)).toBe(wrong)
  })

  test('mailbox #28: sets name exactly what was asked, in at most 500 UIDs and 8,000 bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 4_000_000_000 }), { maxLength: 2000 }), (uids) => {
        const found = batches(uids)
        expect(found.flatMap((batch) => batch.uids)).toEqual([...uids].sort((a, b) => a - b))
        for (const batch of found) {
          expect(batch.uids.length).toBeLessThanOrEqual(500)
          expect(batch.set.length).toBeLessThanOrEqual(8000)
          expect(expandSet(batch.set)).toEqual(batch.uids)
        }
      }),
      { numRuns: 50 },
    )
    expect(batches([1, 2, 3, 5]).map((batch) => batch.set)).toEqual(['1:3,5'])
    expect(batches(Array.from({ length: 1200 }, (_, i) => i + 1)).map((b) => b.set)).toEqual([
      '1:500',
      '501:1000',
      '1001:1200',
    ])
  })

  test('mailbox #3 #5: dates come back as instants, whatever the zone and padding', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(2 ** 41), noInvalidDate: true }), (date) => {
        expect(parseDate(formatDate(date))?.getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000)
      }),
    )
    expect(parseDate(' 1-Feb-2019 03:04:05 +0530')?.toISOString()).toBe('2019-01-31T21:34:05.000Z')
    expect(parseDate('01-Feb-2019 23:59:60 +0000')?.toISOString()).toBe('2019-02-02T00:00:00.000Z')
    expect(parseDate('garbage')).toBeNull()
  })

  test('mailbox #16: BINARY is believed only where it differs from BODY in nothing but NULs', () => {
    const bytes = (text: string) => Buffer.from(text, 'latin1')
    expect(differsOnlyByNuls(bytes('a\x80b\x80'), bytes('a\0b\x80'))).toBe(true)
    expect(differsOnlyByNuls(bytes('a\x80b'), bytes('a\0c'))).toBe(false)
    expect(differsOnlyByNuls(bytes('aGVsbG8=\x80'), bytes('hello\0'))).toBe(false)
  })
})

describe('IMAP on a real Dovecot', () => {
  let dovecot: Dovecot
  beforeAll(async () => {
    dovecot = await startDovecot()
  })
  afterAll(async () => dovecot?.stop())

  test('mailbox #15 #16 #24: what lies on the disk is the same after take and undo; NUL is read as it is', async () => {
    const login = 'disk@example.org'
    const forms = ['a\nb\n', 'mixed\r\n\n', 'nul \0 and \x80\r\n', 'a\r\r\nb\r', 'no end']
    const messages = forms.map((body) => ({ bytes: mail('form', {}, body) }))
    seedMaildir(dovecot.mailDir(login), 'INBOX', messages)
    const onDisk = () =>
      ['cur', 'new']
        .map((sub) => join(dovecot.mailDir(login), sub))
        .flatMap((dir) => readdirSync(dir).map((name) => sha(readFileSync(join(dir, name)))))
        .sort()
    const before = onDisk()
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const read = await inFolder(session, 'INBOX')
    expect(read.filter((copy) => copy.bytes.includes('nul \0 and \x80', 0, 'latin1')).length).toBe(1)
    const hold = await session.hold('quarantine', [])
    const { moved } = await session.move('INBOX', uids(read), hold)
    expect(onDisk()).toEqual([])
    await session.move(
      hold,
      [...moved.values()].map((ref) => ref.uid),
      'INBOX',
    )
    expect(onDisk()).toEqual(before)
    await session.close()
    await provider.close()
  })

  test('held mail that bears the header of our anchor is not taken for it: its flags stay', async () => {
    const login = 'anchor@example.org'
    const headers = { 'X-Recourse-Message-Id': '0197-anchor', 'X-Recourse-Anchor': 'yes' }
    seedMaildir(dovecot.mailDir(login), 'INBOX', [{ bytes: mail('posing', headers) }])
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const hold = await session.hold('quarantine', [])
    const { moved } = await session.move('INBOX', [1], hold)
    const held = [...moved.values()].map((ref) => ref.uid)
    const before = await session.state(hold, held)
    await session.hold('quarantine', ['later'])
    expect(await session.state(hold, held)).toEqual(before)
    expect(before).toMatchObject([{ flags: [], keywords: [] }])
    await session.close()
    await provider.close()
  })

  test('mailbox #22: a message of 60 MB is taken, read and given back', async () => {
    const login = 'big@example.org'
    const bytes = mail('big', {}, `${'0123456789abcdef'.repeat(64)}\r\n`.repeat(60_000))
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const { state, lost } = await session.append('INBOX', {
      bytes,
      flags: [],
      keywords: [],
      internalDate: new Date(1e12),
    })
    expect(lost).toEqual([])
    const hold = await session.hold('quarantine', [])
    const { moved } = await session.move('INBOX', [state.ref.uid], hold)
    const [copy] = await all(
      session.read(
        hold,
        [...moved.values()].map((ref) => ref.uid),
      ),
    )
    expect(copy?.bytes.equals(bytes)).toBe(true)
    await session.close()
    await provider.close()
  })

  test('mailbox #81: reading 240 MB with a slow consumer keeps memory bounded, and the session free in between', async () => {
    const login = 'slow@example.org'
    const bytes = mail('slow', {}, 'x'.repeat(78).concat('\r\n').repeat(500))
    seedMaildir(
      dovecot.mailDir(login),
      'INBOX',
      Array.from({ length: 6000 }, () => ({ bytes })),
    )
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const start = process.memoryUsage().rss
    let most = 0
    let count = 0
    for await (const copy of session.read(
      'INBOX',
      Array.from({ length: 6000 }, (_, i) => i + 1),
    )) {
      createHash('sha256').update(copy.bytes).digest()
      if (++count % 500 === 0) expect((await session.state('INBOX', [copy.ref.uid])).length).toBe(1)
      most = Math.max(most, process.memoryUsage().rss - start)
    }
    expect(count).toBe(6000)
    expect(most).toBeLessThan(160 * 1024 * 1024)
    await session.close()
    await provider.close()
  })

  test('mailbox #71: a Maildir that we have kept can be handed to Dovecot: sizes in names are right or absent, every byte is read', async () => {
    const login = 'handed@example.org'
    const root = mkdtempSync(join(tmpdir(), 'recourse-handed-'))
    const kept = createMaildirProvider({ root })
    const mine = await kept.open({ login })
    const lf = mail('by another program').toString().replaceAll('\r\n', '\n')
    const sizes = `S=${lf.length},W=${lf.length + (lf.split('\n').length - 1)}`
    writeFileSync(join(root, login, 'new', `1001.M1P1.other,${sizes}`), lf)
    const copy = { bytes: mail('put back', {}, 'x'.repeat(70_000)), flags: ['\\Seen' as const], keywords: [] }
    await mine.append('INBOX', { ...copy, internalDate: new Date(1e12) })
    const hold = await mine.hold('quarantine', [])
    const { moved } = await mine.move('INBOX', uids(await inFolder(mine, 'INBOX')), hold)
    expect(moved.size).toBe(2)
    await mine.move(
      hold,
      [...moved.values()].map((ref) => ref.uid),
      'INBOX',
    )
    await mine.close()
    await kept.close()
    expect(readdirSync(join(root, login, 'cur')).filter((name) => /[SW]=/.test(name) && !name.includes(sizes))).toEqual(
      [],
    )
    seedMaildir(dovecot.mailDir(login), 'INBOX', [])
    for (const name of readdirSync(join(root, login, 'cur'))) {
      cpSync(join(root, login, 'cur', name), join(dovecot.mailDir(login), 'cur', name), { preserveTimestamps: true })
      chmodSync(join(dovecot.mailDir(login), 'cur', name), 0o644)
    }
    const provider = dovecotProvider(dovecot)
    for (let look = 0; look < 2; look++) {
      const session = await provider.open({ login })
      const read = await inFolder(session, 'INBOX')
      const want = [Buffer.from(lf.replaceAll('\n', '\r\n')), copy.bytes]
      expect(read.map((one) => sha(one.bytes)).sort()).toEqual(want.map(sha).sort())
      for (const one of read) expect(one.size).toBe(one.bytes.length)
      expect(read.find((one) => one.bytes.equals(copy.bytes))).toMatchObject({
        flags: ['\\Seen'],
        internalDate: new Date(1e12),
      })
      await session.close()
    }
    expect(dovecot.log()).not.toMatch(/Cached message size/)
    await provider.close()
    rmSync(root, { recursive: true })
  })

  test('special-use folders by attribute, else by name in any language; made where there is none', async () => {
    const login = 'sprachen@example.org'
    const owner = await dovecotOwner(dovecot, login)
    await owner.createFolder('Entwürfe')
    await owner.createFolder('Papierkorb')
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    expect(await session.special('drafts')).toBe('Entwürfe')
    expect(await session.special('trash')).toBe('Trash')
    expect(await session.special('archive')).toBe('Archive')
    expect((await session.folders()).find((folder) => folder.path === 'Archive')).toMatchObject({ subscribed: true })
    owner.client.close()
    await session.close()
    await provider.close()
  })

  test('mailbox #62: a folder that the owner deletes under us is a conflict, not a crash', async () => {
    const login = 'deleted@example.org'
    const owner = await dovecotOwner(dovecot, login)
    await owner.createFolder('Gone')
    await owner.append('Gone', mail('gone'), [], new Date())
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const items = await session.state('Gone', [1])
    const hold = await session.hold('quarantine', [])
    await session.state('Gone', [1])
    await owner.deleteFolder('Gone')
    const outcome = await session.move('Gone', uids(items), hold).then(
      (result) => result.missing,
      (error: { code: string }) => error.code,
    )
    expect(['no-folder', 'unknown', 'refused', [1]]).toContainEqual(outcome)
    await expect(session.state('Gone', [1])).rejects.toMatchObject({ code: 'no-folder' })
    expect((await session.folders()).length).toBeGreaterThan(0)
    owner.client.close()
    await session.close()
    await provider.close()
  })

  test('a folder that cannot be opened is listed, and not among those that are surveyed; the others are', async () => {
    const login = 'closed@example.org'
    const owner = await dovecotOwner(dovecot, login)
    for (const folder of ['Shut', 'Open']) await owner.createFolder(folder)
    await owner.append('Shut', mail('shut in'), [], new Date())
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const paths = async () => ({
      listed: (await session.folders()).map(({ path }) => path).filter((path) => path === 'Shut' || path === 'Open'),
      surveyed: (await session.survey()).map(({ path }) => path).filter((path) => path === 'Shut' || path === 'Open'),
    })
    const dirs = ['cur', 'new', 'tmp', ''].map((sub) => join(dovecot.mailDir(login), '.Shut', sub))
    for (const dir of dirs) chmodSync(dir, 0)
    await dovecot.restart()
    const shut = await paths()
    for (const dir of dirs.toReversed()) chmodSync(dir, 0o700)
    expect(shut).toEqual({ listed: expect.arrayContaining(['Open', 'Shut']), surveyed: ['Open'] })
    expect((await paths()).surveyed.sort()).toEqual(['Open', 'Shut'])
    owner.client.close()
    await session.close()
    await provider.close()
  })

  test('mailbox #30: a folder that we may only read is never changed', async () => {
    const login = 'readonly@example.org'
    const owner = await dovecotOwner(dovecot, login)
    await owner.createFolder('Theirs')
    await owner.append('Theirs', mail('theirs'), ['\\Seen'], new Date())
    const dirs = ['', 'cur', 'new', 'tmp'].map((sub) => join(dovecot.mailDir(login), '.Theirs', sub))
    for (const dir of dirs) chmodSync(dir, 0o500)
    await dovecot.restart()
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const [item] = await session.state('Theirs', [1])
    const hold = await session.hold('quarantine', [])
    await expect(session.move('Theirs', [1], hold)).rejects.toMatchObject({ code: 'read-only' })
    await expect(session.destroy('Theirs', [1])).rejects.toMatchObject({ code: 'read-only' })
    await expect(session.position('Theirs', { writable: true })).rejects.toMatchObject({ code: 'read-only' })
    if (item)
      await expect(session.setFlags(item.ref, { flags: [], keywords: [] })).rejects.toMatchObject({ code: 'read-only' })
    for (const dir of dirs) chmodSync(dir, 0o700)
    const again = await dovecotOwner(dovecot, login)
    expect(await again.list('Theirs')).toEqual([{ uid: 1, flags: ['\\Seen'] }])
    again.client.close()
    owner.client.close()
    await session.close()
    await provider.close()
  })

  test('connections: bounded, waited for, given up on a signal, and kept for the next one', async () => {
    const provider = dovecotProvider(dovecot, { pool: { connections: 2, perMailbox: 1, idleSeconds: 20 } })
    const one = await provider.open({ login: 'one@example.org' })
    const two = await provider.open({ login: 'two@example.org' })
    let third = false
    const waiting = provider.open({ login: 'three@example.org' }).then((session) => {
      third = true
      return session
    })
    const impatient = provider.open({ login: 'one@example.org' }, { signal: AbortSignal.timeout(50) })
    await expect(impatient).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(third).toBe(false)
    await one.close()
    const three = await waiting
    await Promise.all([two.close(), three.close()])
    const again = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const session = await provider.open({ login: `many${n % 7}@example.org` })
        const folders = await session.folders()
        await session.close()
        return folders.length
      }),
    )
    expect(again.every((count) => count >= 4)).toBe(true)
    await provider.close()
    await expect(provider.open({ login: 'one@example.org' })).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('credentials of each mailbox from a file, read again when it changes; the hold is then one the user sees', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'recourse-credentials-'))
    const file = join(dir, 'credentials.json')
    writeFileSync(file, JSON.stringify({ 'own@example.org': { password: 'wrong' } }))
    const provider = dovecotProvider(dovecot, { auth: { type: 'credentials', file } })
    await expect(provider.open({ login: 'own@example.org' })).rejects.toMatchObject({ code: 'denied' })
    await expect(provider.open({ login: 'other@example.org' })).rejects.toThrow(/no credentials .* other@example\.org/)
    writeFileSync(file, JSON.stringify({ 'own@example.org': { user: 'own@example.org', password: dovecot.password } }))
    const session = await provider.open({ login: 'own@example.org' })
    const hold = await session.hold('soft-deleted', [])
    expect([hold, await session.holdHidden()]).toEqual(['Recourse/soft-deleted', false])
    expect((await session.folders()).map((folder) => folder.path)).not.toContain(hold)
    await session.close()
    writeFileSync(file, '{"own@example.org": "user"}')
    await expect(provider.open({ login: 'third@example.org' })).rejects.toThrow(/is not \{"mailbox"/)
    const twice = '"third@example.org": { "password": "secret-one" }'
    writeFileSync(file, `{${twice}, ${twice}}`)
    await expect(provider.open({ login: 'third@example.org' })).rejects.toThrow(
      /credentials\.json: third@example\.org stands in it twice: correct it$/,
    )
    await provider.close()
    for (const auth of [
      { type: 'credentials', file: '/dev/zero' },
      { type: 'master', user: 'recourse', separator: '*', passwordFile: '/dev/zero' },
    ] as const)
      await expect(dovecotProvider(dovecot, { auth }).open({ login: 'own@example.org' })).rejects.toThrow(
        'the secret file /dev/zero cannot be read (it is a device, and must be a file)',
      )
    rmSync(dir, { recursive: true })
  })
})
