import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EICAR, startClamd } from '../../../test/rig/clamd.ts'
import { parsedMail } from '../../../test/rig/parsed-mail.ts'
import { startRspamd } from '../../../test/rig/rspamd.ts'
import { clamav } from './clamav.ts'
import { rspamd, signalsOf } from './rspamd.ts'
import { type EngineClient, type Supervised, supervise } from './supervise.ts'
import type { Asked } from './types.ts'

const SILENT = { warn: () => {}, info: () => {} }
const asked = (raw: string | Buffer): Asked => ({
  raw: Buffer.from(raw),
  mail: parsedMail({
    attachments: [
      {
        name: 'a.zip',
        declaredType: 'application/zip',
        realType: null,
        size: 1,
        sha256: 'AB'.repeat(32),
        inline: false,
        contentId: null,
      },
    ],
  }),
  context: { mailFrom: 'a@b.example\r\nX: y', clientIp: '192.0.2.1', helo: 'mail.b.example' },
})
const MESSAGE =
  'From: a@b.example\r\nTo: c@d.example\r\nSubject: Hello\r\nDate: Tue, 1 Jan 2019 10:00:00 +0000\r\n\r\nHello\r\n'
const withFile = (name: string, bytes: Buffer) =>
  `From: a@b.example\r\nSubject: file\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n--x\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\n${bytes.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n--x--\r\n`

/** A ZIP with one file; `encrypted` only says so. */
function zip(name: string, bytes: Buffer, encrypted = false): Buffer {
  const packed = deflateRawSync(bytes)
  let crc = ~0
  for (const b of bytes) {
    crc ^= b
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt16LE(encrypted ? 1 : 0, 2)
  common.writeUInt16LE(8, 4)
  common.writeUInt32LE(~crc >>> 0, 10)
  common.writeUInt32LE(packed.length, 14)
  common.writeUInt32LE(bytes.length, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed])
  const tail = Buffer.alloc(14)
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, tail, Buffer.from(name)])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end])
}

const clam = (address: string, timeoutMs = 20_000) => clamav({ address, timeoutMs, maxBytes: 1_000_000 })
const rsp = (port: number, timeoutMs = 20_000) =>
  rspamd({ url: `http://127.0.0.1:${port}`, password: null, timeoutMs, maxBytes: 1_000_000 })
const ask = (client: EngineClient, raw: string | Buffer) => client.ask(asked(raw), new AbortController().signal)

describe('clamd', () => {
  let daemon: Awaited<ReturnType<typeof startClamd>>
  beforeAll(async () => {
    daemon = await startClamd()
  })
  afterAll(() => daemon.stop())

  it('finds a signature in the message, in an attachment and in an archive, by socket and by port', async () => {
    const eicar = Buffer.from(EICAR)
    for (const client of [clam(daemon.socket), clam(`127.0.0.1:${daemon.port}`)]) {
      await client.ping(new AbortController().signal)
      for (const bytes of [eicar, zip('note.txt', eicar), zip('a.zip', zip('b.zip', eicar))]) {
        const [found] = await ask(client, withFile('a.zip', bytes))
        expect(found).toMatchObject({
          id: 'clamav',
          threat: 'malware',
          technology: 'file-analysis',
          entities: [{ kind: 'file-hash', value: 'ab'.repeat(32) }],
        })
        expect(found?.weight).toBeGreaterThanOrEqual(10)
        expect(found?.evidence['signature']).toContain('Test.Eicar')
      }
      expect(await ask(client, MESSAGE)).toEqual([])
    }
  })
  it('applies YARA rules to what it unpacks', async () => {
    const text = Buffer.from('… the crimson ledger opens at midnight …')
    const [found] = await ask(clam(daemon.socket), withFile('a.zip', zip('note.txt', text)))
    expect(found?.evidence['signature']).toContain('crimson_ledger')
  })
  it('an encrypted archive is a hint, no proof', async () => {
    const [found] = await ask(
      clam(daemon.socket),
      withFile('a.zip', zip('note.txt', Buffer.from('secret secret'), true)),
    )
    expect(found).toMatchObject({ threat: 'malware', weight: 3 })
  })
  it('more than it takes is a failure, and the next message is judged', async () => {
    await expect(ask(clam(daemon.socket), Buffer.alloc(6_000_000, 'a'))).rejects.toThrow()
    expect(await ask(clam(daemon.socket), MESSAGE)).toEqual([])
  })
})

describe('rspamd', () => {
  let daemon: Awaited<ReturnType<typeof startRspamd>>
  beforeAll(async () => {
    daemon = await startRspamd()
  })
  afterAll(() => daemon.stop())

  it('its symbols are signals, scaled and bounded; a hostile envelope does not get into its headers', async () => {
    const client = rsp(daemon.port)
    await client.ping(new AbortController().signal)
    const gtube = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
    const signals = await ask(client, `From: Bank <a@b.example>\r\nSubject: VIAGRA\r\n\r\nclick http://192.0.2.3/x\r\n`)
    expect(signals.length).toBeGreaterThan(1)
    expect(signals.every((s) => s.id.startsWith('rspamd:') && s.summary.startsWith('rspamd: '))).toBe(true)
    const sum = signals.filter((s) => s.weight > 0).reduce((n, s) => n + s.weight, 0)
    expect(sum).toBeGreaterThan(1)
    expect(sum).toBeLessThanOrEqual(7.1)
    const [refused] = await ask(client, `${MESSAGE}${gtube}\r\n`)
    expect(refused).toMatchObject({ id: 'rspamd:reject', threat: 'spam' })
  })
})

describe('symbols', () => {
  it('however many and large: within bounds, strongest first, the rest together', () => {
    const symbols = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`S${i}`, { score: i % 5 === 0 ? -40 : i }]),
    )
    const signals = signalsOf({ score: 1, symbols })
    const sum = (sign: number) => signals.filter((s) => s.weight * sign > 0).reduce((n, s) => n + s.weight, 0)
    expect(sum(1)).toBeCloseTo(7, 0)
    expect(sum(-1)).toBeCloseTo(-3, 0)
    expect(signals[0]?.id).toBe('rspamd:S49')
    expect(signals.map((s) => s.id)).toContain('rspamd:others')
    expect(signals.length).toBeLessThanOrEqual(26)
  })
})

describe('engines that misbehave', () => {
  const open: (Server | NetServer)[] = []
  const watched: Supervised[] = []
  const sockets = new Set<Socket>()
  afterEach(async () => {
    for (const w of watched.splice(0)) w.stop()
    for (const s of sockets) s.destroy()
    for (const server of open.splice(0)) await new Promise((done) => server.close(done))
  })
  const listen = async <T extends Server | NetServer>(server: T, port = 0): Promise<number> => {
    open.push(server)
    server.on('connection', (s: Socket) => sockets.add(s))
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    return (server.address() as AddressInfo).port
  }
  const http = (answer: (respond: (status: number, body: string) => void) => void) =>
    listen(
      createHttpServer((request, response) => {
        request.resume()
        answer((status, body) => response.writeHead(status).end(body))
      }),
    )
  const tcp = (on: (socket: Socket) => void) =>
    listen(
      createServer((socket) => {
        socket.on('error', () => {})
        on(socket)
      }),
    )
  const watch = (client: EngineClient, options: Partial<Parameters<typeof supervise>[1]> = {}) => {
    const supervised = supervise(client, { log: SILENT, retryMs: 20, ...options })
    watched.push(supervised)
    return supervised
  }

  it.each([
    ['no JSON', 200, '<html>hello</html>'],
    ['other JSON', 200, '{"score":"high","symbols":[]}'],
    ['symbols that are none', 200, '{"score":1,"symbols":{"A":{"score":"9"}}}'],
    ['an error', 500, 'oh'],
  ])('rspamd that answers %s: an error that says so, never a crash', async (_, status, body) => {
    const port = await http((respond) => respond(status, body))
    const engine = watch(rsp(port, 2000))
    expect(await engine.ask(asked(MESSAGE))).toEqual({ kind: 'absent' })
    expect(engine.status()).toMatchObject({
      state: 'down',
      failed: 1,
      lastError: { message: expect.stringMatching(/rspamd/) },
    })
  })

  it('rspamd that answers without end', async () => {
    const port = await listen(
      createHttpServer((request, response) => {
        request.resume()
        response.writeHead(200)
        const flood = () => {
          while (response.write(Buffer.alloc(65_536, 'a')));
        }
        response.on('drain', flood)
        flood()
      }),
    )
    expect(await watch(rsp(port, 5000)).ask(asked(MESSAGE))).toEqual({ kind: 'absent' })
  })

  it.each<[string, (socket: Socket) => void]>([
    ['hangs', () => {}],
    ['hangs up', (s) => s.destroy()],
    ['hangs up in the middle', (s) => s.once('data', () => s.end('stream: O'))],
    ['answers garbage', (s) => s.once('data', () => s.end('\u0001\u0002stream: FOUND\0'))],
    ['answers without end', (s) => s.once('data', () => s.write(Buffer.alloc(100_000, 'a')))],
    ['answers an error', (s) => s.once('data', () => s.end('INSTREAM size limit exceeded. ERROR\0'))],
  ])('clamd that %s: absent in time, and said so', async (_, on) => {
    const engine = watch(clam(`127.0.0.1:${await tcp(on)}`, 300))
    expect(await engine.ask(asked(MESSAGE))).toEqual({ kind: 'absent' })
    expect(engine.status().lastError).not.toBeNull()
  })

  it('one that is down is not asked any more, is pinged, and heard again when it is back', async () => {
    let up = false
    let asks = 0
    const client: EngineClient = {
      ...{ id: 'clamav', address: 'here', maxBytes: 1000, timeoutMs: 500 },
      ask: async () => {
        asks++
        if (!up) throw new Error('broken')
        return []
      },
      ping: async () => {
        if (!up) throw new Error('still broken')
      },
    }
    let back = 0
    const engine = watch(client, { onUp: () => back++, breakAfter: 3 })
    await engine.check()
    expect(engine.status()).toMatchObject({ state: 'down', lastError: { message: 'still broken' } })
    expect(await engine.ask(asked(MESSAGE))).toEqual({ kind: 'absent' })
    expect(asks).toBe(0)
    up = true
    await expect.poll(() => engine.status().state).toBe('up')
    expect(back).toBe(1)
    expect(await engine.ask(asked(MESSAGE))).toEqual({ kind: 'answer', signals: [] })
    up = false
    for (let i = 0; i < 5; i++) await engine.ask(asked(MESSAGE))
    expect(asks).toBe(1 + 3)
    expect(engine.status()).toMatchObject({ state: 'down', failed: 3, answered: 1 })
    expect(await engine.ask(asked('x'.repeat(2000)))).toEqual({ kind: 'too-large' })
  })

  it('asks about so many at a time, no more', async () => {
    let finish = () => {}
    const client: EngineClient = {
      ...{ id: 'rspamd', address: 'here', maxBytes: 1000, timeoutMs: 5000 },
      ask: () =>
        new Promise((done) => {
          finish = () => done([])
        }),
      ping: async () => {},
    }
    const engine = watch(client, { atOnce: 1 })
    const first = engine.ask(asked(MESSAGE))
    expect(await engine.ask(asked(MESSAGE))).toEqual({ kind: 'absent' })
    finish()
    expect(await first).toEqual({ kind: 'answer', signals: [] })
  })
})
