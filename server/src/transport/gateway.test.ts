import { connect } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dial, lmtp, MESSAGE, start } from '../../test/rig/gateway.ts'
import { OK, reply } from './reply.ts'
import type { Acceptor, Gateway, Reply } from './types.ts'

test('replies to commands of one packet leave in one; none waits for a command that has only begun, nor for the next message', async () => {
  const slow = Promise.withResolvers<null>()
  const recipient = async (address: string) => {
    if (address.startsWith('slow')) return slow.promise
    // Longer than a write takes to arrive: replies that left one by one would come one by one.
    await new Promise((done) => setTimeout(done, 50))
    return null
  }
  const { lmtp: port, taken } = await start({}, { recipient })
  const d = await dial(port)
  await d.say('LHLO client.example')
  let packets = 0
  d.socket.on('data', () => packets++)
  d.write('MAIL FROM:<a@client.example>\r\nRCPT TO:<one@example.org>\r\nRCPT TO:<two@example.org>\r\nDATA\r\n')
  const replies = [await d.reply(), await d.reply(), await d.reply(), await d.reply()]
  expect(replies.map((r) => r?.slice(0, 9))).toEqual(['250 2.1.0', '250 2.1.5', '250 2.1.5', '354 End w'])
  expect(packets).toBe(1)
  d.write(`${MESSAGE}.\r\nMAIL FROM:<b@client.example>\r\nRCPT TO:<slow@example.org>\r\nNOOP\r\n`)
  expect([await d.reply(), await d.reply()]).toEqual(['250 2.0.0 Ok', '250 2.0.0 Ok'])
  slow.resolve(null)
  expect([await d.reply(), await d.reply(), await d.reply()].map((r) => r?.slice(0, 9))).toEqual([
    '250 2.1.0',
    '250 2.1.5',
    '250 2.0.0',
  ])
  d.write('NOOP\r\nRCPT TO:<th')
  expect(await d.reply()).toMatch(/^250/)
  expect(taken).toHaveLength(1)
})

test('LMTP answers for each recipient after the data, in their order', async () => {
  const { lmtp: port, taken } = await start(
    {},
    {
      message: async (e) => e.recipients.map((r): Reply => (r.startsWith('full') ? reply(452, '4.2.2', 'Full') : OK)),
    },
  )
  const d = await lmtp(port, 'one@example.org', 'nobody@example.org', 'full@example.org', 'two@example.org')
  expect(await d.say('DATA')).toMatch(/^354/)
  d.write(`${MESSAGE}.\r\n`)
  expect([await d.reply(), await d.reply(), await d.reply()]).toEqual([
    '250 2.0.0 Ok',
    '452 4.2.2 Full',
    '250 2.0.0 Ok',
  ])
  expect(taken).toHaveLength(0)
  expect(await d.say('QUIT')).toMatch(/^221/)
})

test('LMTP without an accepted recipient: 503 to DATA', async () => {
  const { lmtp: port } = await start()
  const d = await lmtp(port, 'nobody@example.org')
  expect(await d.say('DATA')).toMatch(/^503 5\.5\.1/)
})

test('SMTP takes one recipient a transaction: 452 4.5.3 for more', async () => {
  const { smtp, taken } = await start()
  const d = await dial(smtp)
  expect(await d.say('LHLO x')).toMatch(/^500/)
  const features = await d.say('EHLO x')
  for (const f of ['PIPELINING', 'SIZE 67108864', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES'])
    expect(features).toContain(f)
  await d.say('MAIL FROM:<>')
  expect(await d.say('RCPT TO:<a@example.org>')).toMatch(/^250/)
  expect(await d.say('RCPT TO:<b@example.org>')).toMatch(/^452 4\.5\.3/)
  await d.say('DATA')
  expect(await d.say(`${MESSAGE}.`)).toMatch(/^250/)
  expect(taken[0]?.envelope).toMatchObject({ mailFrom: '', recipients: ['a@example.org'], protocol: 'smtp' })
})

test('a pipelined transaction, in one packet up to DATA', async () => {
  const { lmtp: port, taken } = await start()
  const d = await dial(port)
  d.write('LHLO c\r\nMAIL FROM:<a@b.example> SIZE=30 BODY=8BITMIME\r\nRCPT TO:<x@example.org>\r\nDATA\r\n')
  const replies = [await d.reply(), await d.reply(), await d.reply(), await d.reply()]
  expect(replies.map((r) => r?.slice(0, 3))).toEqual(['250', '250', '250', '354'])
  d.write(`${MESSAGE}.\r\nMAIL FROM:<c@b.example>\r\nNOOP\r\n`)
  expect([await d.reply(), await d.reply(), await d.reply()].map((r) => r?.slice(0, 3))).toEqual(['250', '250', '250'])
  expect(taken[0]?.raw.toString()).toBe(MESSAGE)
  expect(taken[0]?.envelope.eightBit).toBe(true)
})

test('the message sent before 354 is refused and the connection closed: it could hide commands', async () => {
  const { lmtp: port, taken } = await start()
  const d = await lmtp(port, 'x@example.org')
  d.write(`DATA\r\n${MESSAGE}.\r\n`)
  expect(await d.reply()).toMatch(/^554 5\.5\.0/)
  expect(await d.reply()).toBeNull()
  expect(taken).toHaveLength(0)
})

test('any cut of the data stream, any bytes: the same message', async () => {
  const { lmtp: port, taken } = await start()
  const d = await dial(port)
  await d.say('LHLO c')
  const part = fc.constantFrom('\r\n', '..', 'a', '\0', '\r\n..', 'é', '\n', 'x\ry')
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 25 }), fc.array(fc.nat(60), { maxLength: 4 }), async (parts, cuts) => {
      await d.say('MAIL FROM:<a@b.example>')
      await d.say('RCPT TO:<x@example.org>')
      await d.say('DATA')
      const stream = Buffer.from(`${parts.join('')}\r\n.\r\n`)
      let from = 0
      for (const at of [...new Set(cuts)].sort((a, b) => a - b)) {
        d.write(stream.subarray(from, at))
        from = Math.max(from, Math.min(at, stream.length))
        await new Promise((resolve) => setImmediate(resolve))
      }
      d.write(stream.subarray(from))
      expect(await d.reply()).toMatch(/^250/)
      const wanted = `\r\n${parts.join('')}\r\n`.replaceAll('\r\n.', '\r\n').slice(2)
      expect(taken.pop()?.raw.toString()).toBe(wanted)
    }),
    { numRuns: 150 },
  )
})

for (const end of ['\n.\r\n', '\n.\n', '\r\n.\n', '\r.\r\n']) {
  test(`smuggling by ${JSON.stringify(end)}: refused, and nothing in it is a command`, async () => {
    const { lmtp: port, taken } = await start()
    const d = await lmtp(port, 'x@example.org')
    await d.say('DATA')
    d.write(`${MESSAGE}${end}MAIL FROM:<evil@b.example>\r\nRCPT TO:<y@example.org>\r\nDATA\r\nforged\r\n.\r\n`)
    expect(await d.reply()).toMatch(/^554 5\.6\.0/)
    expect(await d.say('NOOP')).toMatch(/^250/)
    expect(taken).toHaveLength(0)
  })
}

test('a command that ends with a bare LF closes the connection', async () => {
  const { lmtp: port } = await start()
  const d = await dial(port)
  d.write('LHLO x\nMAIL FROM:<a@b>\r\n')
  expect(await d.reply()).toMatch(/^421/)
  expect(await d.reply()).toBeNull()
})

test('too large: refused at MAIL by its SIZE, and after the data without it', async () => {
  const { lmtp: port, taken } = await start({ maxSize: 1000 })
  const d = await dial(port)
  await d.say('LHLO x')
  expect(await d.say('MAIL FROM:<a@b.example> SIZE=1001')).toMatch(/^552 5\.3\.4/)
  await d.say('MAIL FROM:<a@b.example> SIZE=10')
  await d.say('RCPT TO:<x@example.org>')
  await d.say('RCPT TO:<y@example.org>')
  await d.say('DATA')
  d.write(`${'x'.repeat(500_000)}\r\n.\r\n`)
  expect([await d.reply(), await d.reply()].map((r) => r?.slice(0, 9))).toEqual(['552 5.3.4', '552 5.3.4'])
  expect(taken).toHaveLength(0)
  expect(await d.say('MAIL FROM:<a@b.example>')).toMatch(/^250/)
})

test('a message of 60 MB', async () => {
  const { lmtp: port, taken } = await start()
  const d = await dial(port)
  await d.say('LHLO x')
  const raw = Buffer.from(`Subject: large\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(60_000)}`)
  await d.say(`MAIL FROM:<a@b.example> SIZE=${raw.length}`)
  await d.say('RCPT TO:<x@example.org>')
  await d.say('DATA')
  d.write(raw)
  d.write('.\r\n')
  expect(await d.reply()).toMatch(/^250/)
  expect(taken[0]?.raw.equals(raw)).toBe(true)
})

test('memory is a limit too: 452 4.3.1 while others are being handled', async () => {
  const gate = Promise.withResolvers<void>()
  const { lmtp: port } = await start(
    { maxBytesInFlight: 100_000 },
    { message: (e) => gate.promise.then(() => e.recipients.map(() => OK)) },
  )
  const first = await lmtp(port, 'x@example.org')
  await first.say('DATA')
  first.write(`${'x'.repeat(60_000)}\r\n.\r\n`)
  const second = await dial(port)
  await second.say('LHLO x')
  await expect.poll(() => second.say('MAIL FROM:<a@b.example> SIZE=60000')).toMatch(/^452 4\.3\.1|^503/)
  gate.resolve()
  expect(await first.reply()).toMatch(/^250/)
})

test('connections: 421 over the limit, room again when one has gone', async () => {
  const { lmtp: port, gateway } = await start({ maxConnections: 2 })
  const first = await dial(port)
  await dial(port)
  const refused = connect(port, '127.0.0.1')
  const said = await new Promise((resolve) => refused.once('data', (d) => resolve(d.toString())))
  expect(said).toMatch(/^421 4\.3\.2/)
  await first.say('QUIT')
  await expect.poll(() => gateway.connections()).toBe(1)
  expect(await (await dial(port)).say('LHLO x')).toMatch(/^250/)
})

test('connections from one address: 421 4.7.0', async () => {
  const { lmtp: port } = await start({ maxConnectionsPerClient: 1 })
  await dial(port)
  const refused = connect(port, '127.0.0.1')
  expect(await new Promise((resolve) => refused.once('data', (d) => resolve(d.toString())))).toMatch(/^421 4\.7\.0/)
})

test('rate: 450 4.7.1 over so many messages a minute', async () => {
  const { lmtp: port } = await start({ maxMessagesPerMinute: 2 })
  const d = await dial(port)
  await d.say('LHLO x')
  for (let i = 0; i < 2; i++) {
    expect(await d.say('MAIL FROM:<a@b.example>')).toMatch(/^250/)
    await d.say('RSET')
  }
  expect(await d.say('MAIL FROM:<a@b.example>')).toMatch(/^450 4\.7\.1/)
})

test('loops: our own Received line too often, or too many of all', async () => {
  const { lmtp: port, taken } = await start({ maxReceived: 10, maxPasses: 2 })
  const send = async (headers: string) => {
    const d = await lmtp(port, 'x@example.org')
    await d.say('DATA')
    d.write(`${headers}${MESSAGE}.\r\n`)
    return d.reply()
  }
  const ours = 'Received: from a\r\n\tby mx.example.org (Recourse) with LMTP\r\n'
  expect(await send(ours)).toMatch(/^250/)
  expect(await send(ours + ours)).toMatch(/^554 5\.4\.6/)
  expect(await send('Received: from b\r\n'.repeat(10))).toMatch(/^250/)
  expect(await send('Received: from b\r\n'.repeat(11))).toMatch(/^554 5\.4\.6/)
  expect(taken).toHaveLength(2)
})

test('XFORWARD only from configured addresses; its facts are for one message', async () => {
  const { lmtp: port, taken } = await start({ xforward: ['127.0.0.0/8'] })
  const d = await dial(port)
  expect(await d.say('LHLO x')).toContain('XFORWARD NAME ADDR')
  expect(await d.say('XFORWARD NAME=mail.client.example ADDR=192.0.2.9 HELO=he+2Blo')).toMatch(/^250/)
  expect(await d.say('XFORWARD IDENT=4CQ7xk2 SOURCE=REMOTE')).toMatch(/^250/)
  for (let i = 0; i < 2; i++) {
    await d.say('MAIL FROM:<a@b.example>')
    expect(await d.say('XFORWARD IDENT=x')).toMatch(/^503/)
    await d.say('RCPT TO:<x@example.org>')
    await d.say('DATA')
    await d.say(`${MESSAGE}.`)
  }
  expect(taken[0]?.envelope).toMatchObject({
    ident: '4CQ7xk2',
    peer: '127.0.0.1',
    client: { ip: '192.0.2.9', name: 'mail.client.example', helo: 'he+lo' },
  })
  expect(taken[1]?.envelope).toMatchObject({ ident: null, client: { ip: '127.0.0.1', helo: 'x' } })
  for (const bad of ['IDENT', 'NOPE=1', 'ADDR=+ZZ', 'HELO=a+0D+0Ab', ''])
    expect(await d.say(`XFORWARD ${bad}`)).toMatch(/^501/)
})

test('XFORWARD and XCLIENT from anybody else: 550, and they are not announced', async () => {
  const { lmtp: port } = await start({ xforward: ['192.0.2.1'], xclient: ['192.0.2.1'] })
  const d = await dial(port)
  expect(await d.say('LHLO x')).not.toMatch(/XFORWARD|XCLIENT/)
  expect(await d.say('XFORWARD ADDR=192.0.2.9')).toMatch(/^550/)
  expect(await d.say('XCLIENT ADDR=192.0.2.9')).toMatch(/^550/)
})

test('XCLIENT begins the session anew as that client', async () => {
  const { smtp, taken } = await start({ xclient: ['127.0.0.1'] })
  const d = await dial(smtp)
  await d.say('EHLO proxy')
  expect(await d.say('XCLIENT ADDR=IPV6:2001:db8::1 NAME=[UNAVAILABLE]')).toMatch(/^220/)
  expect(await d.say('MAIL FROM:<a@b.example>')).toMatch(/^503/)
  await d.say('EHLO real')
  await d.say('MAIL FROM:<a@b.example>')
  await d.say('RCPT TO:<x@example.org>')
  await d.say('DATA')
  await d.say(`${MESSAGE}.`)
  expect(taken[0]?.envelope.client).toEqual({ ip: '2001:db8::1', name: null, helo: 'real' })
})

test('bad input: one clear reply each, and the session goes on', async () => {
  const { lmtp: port } = await start()
  const d = await dial(port)
  expect(await d.say('MAIL FROM:<a@b.example>')).toMatch(/^503/)
  expect(await d.say('LHLO')).toMatch(/^501/)
  expect(await d.say('LHLO x')).toMatch(/^250/)
  expect(await d.say('RCPT TO:<x@example.org>')).toMatch(/^503/)
  expect(await d.say('DATA')).toMatch(/^503/)
  for (const bad of ['a@b', '<a@b', '<a@@b>', '<a b@c>', '<@x>', '<a@-b>', '<a\0@b>', `<${'x'.repeat(300)}@b>`])
    expect(await d.say(`MAIL FROM:${bad}`), bad).toMatch(/^501/)
  expect(await d.say('MAIL FROM:<ä@b.example>')).toMatch(/^553 5\.6\.7/)
  expect(await d.say('MAIL FROM:<a@b.example> AUTH=x')).toMatch(/^555/)
  expect(await d.say('MAIL FROM:<ä@bücher.example> SMTPUTF8')).toMatch(/^250/)
  expect(await d.say('RCPT TO:<@relay.example:"odd \\" name"@Example.ORG>')).toMatch(/^250/)
  expect(await d.say('FROBNICATE')).toMatch(/^500/)
  expect(await d.say('x'.repeat(10_000))).toMatch(/^500 5\.5\.2 Line too long/)
  expect(await d.say('NOOP')).toMatch(/^250/)
})

test('garbage closes the connection after twenty mistakes; a web page at once', async () => {
  const { lmtp: port } = await start()
  const d = await dial(port)
  for (let i = 0; i < 20; i++) expect(await d.say('\x01\x02garbage')).toMatch(/^500/)
  expect(await d.say('NOOP')).toMatch(/^421/)
  const web = await dial(port)
  expect(await web.say('POST / HTTP/1.1')).toMatch(/^421/)
  expect(await web.reply()).toBeNull()
})

test('many unknown recipients are no mistake of the client', async () => {
  const { lmtp: port } = await start()
  const d = await lmtp(port)
  for (let i = 0; i < 40; i++) expect(await d.say(`RCPT TO:<no${i}@example.org>`)).toMatch(/^550 5\.1\.1/)
  expect(await d.say('RCPT TO:<yes@example.org>')).toMatch(/^250/)
})

test('slow clients: 421 4.4.2 in silence, and when the data drips for too long', async () => {
  const hasty = await start({ timeouts: { command: 150, data: 60_000, dataTotal: 60_000 } })
  const idle = await dial(hasty.lmtp)
  expect(await idle.reply()).toMatch(/^421 4\.4\.2/)
  const { lmtp: port, taken } = await start({ timeouts: { command: 60_000, data: 60_000, dataTotal: 300 } })
  const d = await lmtp(port, 'x@example.org')
  await d.say('DATA')
  const drip = setInterval(() => d.write('x'), 20)
  expect(await d.reply()).toMatch(/^421 4\.4\.2/)
  clearInterval(drip)
  expect(taken).toHaveLength(0)
})

test('a client that goes away in the middle of the data: nothing is taken', async () => {
  const { lmtp: port, taken, gateway } = await start()
  const d = await lmtp(port, 'x@example.org')
  await d.say('DATA')
  d.write('Subject: half\r\n')
  d.socket.end()
  await expect.poll(() => gateway.connections()).toBe(0)
  expect(taken).toHaveLength(0)
})

test('whatever fails behind the gateway is 451 4.3.0 for each recipient', async () => {
  const fail = () => Promise.reject(new Error('database is down'))
  const { lmtp: port } = await start({}, { message: fail })
  const d = await lmtp(port, 'x@example.org', 'y@example.org')
  await d.say('DATA')
  d.write(`${MESSAGE}.\r\n`)
  expect([await d.reply(), await d.reply()].map((r) => r?.slice(0, 9))).toEqual(['451 4.3.0', '451 4.3.0'])
  const { lmtp: other } = await start({}, { recipient: fail })
  const e = await lmtp(other)
  expect(await e.say('RCPT TO:<x@example.org>')).toMatch(/^451 4\.3\.0/)
})

test('stopping waits for the message that is being handled and dismisses the idle', async () => {
  const [there, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const message: Acceptor['message'] = async (e) => {
    there.resolve()
    await gate.promise
    return e.recipients.map(() => OK)
  }
  const { lmtp: port, gateway } = await start({}, { message })
  const idle = await dial(port)
  const d = await lmtp(port, 'x@example.org')
  await d.say('DATA')
  d.write(`${MESSAGE}.\r\n`)
  await there.promise
  const closed = (gateway as Gateway).close(60_000)
  expect(await idle.reply()).toMatch(/^421 4\.3\.2/)
  gate.resolve()
  expect(await d.reply()).toMatch(/^250/)
  await closed
})

test('a port that is taken: the error names it', async () => {
  const { lmtp: port } = await start()
  const listen = [{ protocol: 'lmtp', port }] as const
  await expect(start({ listen })).rejects.toMatchObject({
    code: 'gateway-port',
    message: expect.stringContaining(`${port}`),
  })
})
