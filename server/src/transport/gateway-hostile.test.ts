// Clients that mean harm, or are broken beyond what a test of correct ones shows: others are served, and nothing of a message is a command.
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Dialogue, dial, lmtp, MESSAGE, start } from '../../test/rig/gateway.ts'
import { OK } from './reply.ts'

/** The codes of so many replies. */
async function codes(d: Dialogue, count: number): Promise<(string | undefined)[]> {
  const found = []
  for (let n = 0; n < count; n++) found.push((await d.reply())?.slice(0, 9))
  return found
}

async function delivers(d: Dialogue): Promise<void> {
  await d.say('LHLO honest.example')
  expect(await d.say(`MAIL FROM:<a@honest.example> SIZE=${MESSAGE.length}`)).toMatch(/^250/)
  expect(await d.say('RCPT TO:<x@example.org>')).toMatch(/^250/)
  expect(await d.say('DATA')).toMatch(/^354/)
  expect(await d.say(`${MESSAGE}.`)).toMatch(/^250/)
}

test('2,000 recipients: the first thousand are taken and answered one by one, the others are told to come again', async () => {
  const { lmtp: port, taken } = await start()
  const d = await lmtp(port)
  d.write(Array.from({ length: 2000 }, (_, n) => `RCPT TO:<u${n}@example.org>\r\n`).join(''))
  const said = await codes(d, 2000)
  expect([said.indexOf('452 4.5.3'), said.lastIndexOf('250 2.1.5')]).toEqual([1000, 999])
  await d.say('DATA')
  d.write(`${MESSAGE}.\r\n`)
  expect(new Set(await codes(d, 1000))).toEqual(new Set(['250 2.0.0']))
  expect(await d.say('NOOP')).toMatch(/^250/)
  expect(taken[0]?.envelope.recipients).toEqual(Array.from({ length: 1000 }, (_, n) => `u${n}@example.org`))
})

test('RSET between and within: a transaction ends with it, a line of a message does not', async () => {
  const { lmtp: port, taken } = await start()
  const d = await lmtp(port, 'x@example.org')
  d.write('RSET\r\nRCPT TO:<y@example.org>\r\nDATA\r\n')
  expect(await codes(d, 3)).toEqual(['250 2.0.0', '503 5.5.1', '503 5.5.1'])
  d.write('MAIL FROM:<b@client.example>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n')
  expect(await codes(d, 3)).toEqual(['250 2.1.0', '250 2.1.5', '354 End w'])
  d.write('Subject: reset\r\n\r\nRSET\r\nQUIT\r\nMAIL FROM:<c@client.example>\r\n.\r\nRSET\r\nNOOP\r\n')
  expect(await codes(d, 3)).toEqual(['250 2.0.0', '250 2.0.0', '250 2.0.0'])
  expect(taken.map((t) => [t.envelope.mailFrom, t.envelope.recipients, t.raw.toString()])).toEqual([
    ['b@client.example', ['y@example.org'], 'Subject: reset\r\n\r\nRSET\r\nQUIT\r\nMAIL FROM:<c@client.example>\r\n'],
  ])
})

test('a message that comes with a DATA that is refused is no commands', async () => {
  const { lmtp: port, taken } = await start()
  const forged = 'MAIL FROM:<evil@b.example>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n'
  for (const before of ['MAIL FROM:<a@b.example>\r\nRCPT TO:<no@example.org>\r\n', 'RSET\r\n']) {
    const d = await dial(port)
    await d.say('LHLO x')
    d.write(`${before}DATA\r\n${forged}`)
    const said = await codes(d, before.split('\r\n').length)
    expect(said.at(-1)).toBe('554 5.5.0')
    expect(await d.reply()).toBeNull()
  }
  const d = await dial(port)
  await d.say('LHLO x')
  d.write(`DATA now\r\n${forged}`)
  expect(await codes(d, 2)).toEqual(['554 5.5.0', undefined])
  expect(taken).toHaveLength(0)
})

test('BDAT and STARTTLS are not offered; bytes behind BDAT are no commands, and nothing is kept for after a handshake', async () => {
  const { lmtp: port, smtp, taken } = await start()
  for (const [at, hello] of [
    [port, 'LHLO x'],
    [smtp, 'EHLO x'],
  ] as const) {
    const d = await dial(at)
    expect(await d.say(hello)).not.toMatch(/CHUNKING|BINARYMIME|STARTTLS|AUTH|DSN/)
    d.write('STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n')
    expect(await codes(d, 2)).toEqual(['500 5.5.2', '250 2.1.0'])
    await d.say('RCPT TO:<x@example.org>')
    d.write('BDAT 60 LAST\r\nRSET\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<y@example.org>\r\n')
    expect(await codes(d, 2)).toEqual(['502 5.5.1', undefined])
  }
  expect(taken).toHaveLength(0)
})

test('a line of 100 MB is no command, and no message', async () => {
  const { lmtp: port, taken } = await start({ maxSize: 1_000_000 })
  const d = await lmtp(port, 'x@example.org')
  const piece = Buffer.alloc(1_000_000, 'x')
  for (let n = 0; n < 100; n++) d.write(piece)
  expect(await d.say('')).toMatch(/^500 5\.5\.2 Line too long/)
  expect(await d.say('DATA')).toMatch(/^354/)
  for (let n = 0; n < 100; n++) d.write(piece)
  expect(await d.say('\r\n.')).toMatch(/^552 5\.3\.4/)
  expect(taken).toHaveLength(0)
  await d.say('MAIL FROM:<a@b.example>')
  expect(await d.say('RCPT TO:<x@example.org>')).toMatch(/^250/)
})

test('NUL and bare CR: none in a command, all of them in a message', async () => {
  const { lmtp: port, taken } = await start()
  const d = await dial(port)
  expect(await d.say('LHLO x\rMAIL')).toMatch(/^501/)
  await d.say('LHLO x')
  for (const bad of [
    ...[
      'MAIL FROM:<a@b.example>\rRCPT TO:<x@example.org>',
      'MAIL FROM:<a\r@b.example>',
      'MAIL FROM:<a@b.example> SIZE=1\r',
    ],
    ...['MAIL FROM:<a@b.example>\0', 'MAIL\0FROM:<a@b.example>', 'NOOP\0'],
  ])
    expect(await d.say(bad), JSON.stringify(bad)).toMatch(/^50[01]/)
  expect(await d.say('RCPT TO:<x@example.org>')).toMatch(/^503/)
  await d.say('MAIL FROM:<a@b.example>')
  expect(await d.say('RCPT TO:<x@example.org>\rDATA')).toMatch(/^501/)
  await d.say('RCPT TO:<x@example.org>')
  await d.say('DATA')
  const raw = 'Subject: \0odd\r\n\r\na\0b\rc\r\r\n..\r\n\0\r\n'
  expect(await d.say(`${raw}.`)).toMatch(/^250/)
  expect(taken[0]?.raw.toString()).toBe(raw.replace('\r\n..\r\n', '\r\n.\r\n'))
})

test('gone after the last dot: the message is taken once, its room is free again, and the next client is served', async () => {
  const gate = Promise.withResolvers<void>()
  const froms: string[] = []
  const message = async (envelope: { mailFrom: string; recipients: readonly string[] }) => {
    froms.push(envelope.mailFrom)
    if (envelope.mailFrom === 'a@client.example') await gate.promise
    return envelope.recipients.map(() => OK)
  }
  const { lmtp: port, gateway } = await start({ maxBytesInFlight: 100_000 }, { message })
  const d = await lmtp(port, 'x@example.org')
  await d.say('DATA')
  d.write(`${'x'.repeat(60_000)}\r\n.\r\nMAIL FROM:<b@client.example>\r\nRCPT TO:<x@example.org>\r\nDATA\r\n`)
  await expect.poll(() => froms).toEqual(['a@client.example'])
  d.socket.resetAndDestroy()
  gate.resolve()
  await expect.poll(() => gateway.connections()).toBe(0)
  const next = await dial(port)
  await next.say('LHLO x')
  expect(await next.say('MAIL FROM:<c@client.example> SIZE=90000')).toMatch(/^250/)
  await next.say('RCPT TO:<x@example.org>')
  await next.say('DATA')
  expect(await next.say(`${'x'.repeat(89_998)}\r\n.`)).toMatch(/^250/)
  expect(froms).toEqual(['a@client.example', 'c@client.example'])
})

test('those who only say how much they will send take no room from others', async () => {
  const { lmtp: port } = await start({ maxSize: 1_000_000, maxBytesInFlight: 2_000_000 })
  for (let n = 0; n < 10; n++) {
    const d = await dial(port)
    await d.say('LHLO x')
    expect(await d.say('MAIL FROM:<a@b.example> SIZE=1000000')).toMatch(/^250/)
    await d.say('RCPT TO:<x@example.org>')
    await d.say('DATA')
    d.write('x')
    // Its byte has been read when a later connection is answered.
    await delivers(await dial(port))
  }
})

test('500 idle connections: as many as one client may have, and another client is served', async () => {
  const { lmtp: port, gateway } = await start()
  const idle = await Promise.all(Array.from({ length: 500 }, () => dial(port)))
  expect(gateway.connections()).toBe(100)
  await delivers(await dial(port, '127.0.0.2'))
  for (const one of idle) one.socket.destroy()
  await expect.poll(() => gateway.connections()).toBeLessThan(2)
  await delivers(await dial(port))
})

test('a command that drips ends in time', async () => {
  const { lmtp: port } = await start({ timeouts: { command: 400 } })
  const d = await dial(port)
  const dripping = setInterval(() => d.write('x'), 20)
  expect(await d.reply()).toMatch(/^421 4\.4\.2/)
  clearInterval(dripping)
})

test('NOOP or a recipient now and then keep a place for a quarter of an hour, and mail keeps it for longer', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const { lmtp: port, gateway, taken } = await start()
  for (const again of ['NOOP', 'RCPT TO:<x@example.org>']) {
    const d = await lmtp(port)
    for (let n = 0; n < 3; n++) {
      expect(await d.say(again), again).toMatch(/^250/)
      vi.setSystemTime(Date.now() + 200_000)
    }
    d.write('NOOP\r\nNOOP\r\n')
    expect(await codes(d, 2), again).toEqual(['250 2.0.0', '250 2.0.0'])
    vi.setSystemTime(Date.now() + 301_000)
    d.write('NOOP\r\nNOOP\r\n')
    expect(await codes(d, 3), again).toEqual(['250 2.0.0', '421 4.4.2', undefined])
  }
  await expect.poll(() => gateway.connections()).toBe(0)
  const mail = await dial(port)
  for (let n = 0; n < 5; n++) {
    await delivers(mail)
    vi.setSystemTime(Date.now() + 299_000)
  }
  expect(taken).toHaveLength(5)
})

test('a client that takes no replies is cut off', async () => {
  const { lmtp: port, gateway } = await start({ timeouts: { write: 200 } })
  const d = await dial(port)
  // Its answers are twenty times as long: more than the buffers of both ends.
  const many = Buffer.from('LHLO x\r\n'.repeat(1_000_000))
  d.write(many)
  await expect.poll(() => gateway.connections()).toBe(0)
})
