import fc from 'fast-check'
import PostalMime from 'postal-mime'
import { describe, expect, it } from 'vitest'
import { LimitError, type MimeNode, readMime } from './mime.ts'

const SIZES = { maxDepth: 100, maxHeaderBytes: 2 * 1024 * 1024 }

/** What the two must agree on; content in Latin-1, one character a byte. */
interface Shape {
  readonly type: { readonly value: string; readonly params: Readonly<Record<string, string>> }
  readonly disposition: { readonly value: string; readonly params: Readonly<Record<string, string>> }
  readonly contentId: string | null
  readonly encoding: string
  readonly content: string
  readonly children: readonly Shape[]
}

const shapeOf = ({ headers, content, children }: MimeNode): Shape => ({
  type: { ...headers.type, params: { ...headers.type.params } },
  disposition: { ...headers.disposition, params: { ...headers.disposition.params } },
  contentId: headers.contentId,
  encoding: headers.encoding,
  content: content.toString('latin1'),
  children: children.map(shapeOf),
})

interface LibraryNode {
  readonly contentType: { readonly parsed: Shape['type'] }
  readonly contentDisposition: { readonly parsed: Shape['type'] }
  readonly contentId?: string
  readonly contentTransferEncoding: { readonly encoding: string }
  readonly content: ArrayBuffer | null
  readonly childNodes: readonly LibraryNode[]
}

const isLibraryNode = (value: unknown): value is LibraryNode =>
  typeof value === 'object' && value !== null && 'childNodes' in value

async function byLibrary(raw: Buffer): Promise<Shape> {
  const parser = new PostalMime({ forceRfc822Attachments: true, maxNestingDepth: SIZES.maxDepth })
  await parser.parse(raw)
  const root: unknown = Reflect.get(parser, 'root')
  if (!isLibraryNode(root)) throw new Error('no tree')
  const shape = (node: LibraryNode): Shape => ({
    type: { value: node.contentType.parsed.value, params: { ...node.contentType.parsed.params } },
    disposition: {
      value: node.contentDisposition.parsed.value,
      params: { ...node.contentDisposition.parsed.params },
    },
    contentId: node.contentId ?? null,
    encoding: node.contentTransferEncoding.encoding,
    content: Buffer.from(node.content ?? new ArrayBuffer(0)).toString('latin1'),
    children: node.childNodes.map(shape),
  })
  return shape(root)
}

/** Lines of which messages are made: few boundaries, so that they meet. */
const line = fc.oneof(
  fc.constantFrom(
    'Content-Type: multipart/mixed; boundary=a',
    'Content-Type: multipart/mixed; boundary="b"',
    'content-type:multipart/digest;boundary=a-',
    'Content-Type: multipart/alternative; boundary*0=a; boundary*1=b',
    'Content-Type: multipart/mixed; boundary="ü b"',
    'Content-Type: multipart/mixed',
    'Content-Type : text/html (a comment); charset=utf-8',
    'Content-Type: message/rfc822',
    'CONTENT-TYPE',
    'Content-Type: text/plain; name="a.txt"; name=b',
    '\u00a0Content-Type: text/css',
    '\ufeffContent-Type: text/css',
    'Content-Transfer-Encoding: base64',
    'Content-Transfer-Encoding: (odd) Quoted-Printable',
    'Content-Transfer-Encoding: "base64"',
    'Content-Transfer-Encoding: 7bit',
    "Content-Disposition: attachment; filename*=utf-8''%c3%a4.txt",
    'Content-ID: <x@y>',
    'Subject: something',
    ' boundary=b',
    '\tfolded; boundary=a',
  ),
  fc.constantFrom(
    '--a',
    '--b',
    '--ab',
    '--a-',
    '--a--',
    '--b--',
    '--a \t',
    '--a-- ',
    '--a--x',
    '-- ',
    '--',
    '-',
    '--ü b',
    '--ü b--',
    '--a\r',
  ),
  fc.constantFrom(
    '',
    '',
    '',
    ' ',
    '\r',
    'text',
    'a=3Db=3d=',
    '=',
    '==',
    '=4',
    '=4G=41',
    'abc= ',
    'QUJD',
    'QUJDR',
    'QU==QUI=',
    'QU JD-_',
    '=\r',
    'x\ry',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const message = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r\n', '\r\r\n')), { maxLength: 24 })
  .chain((lines) => fc.tuple(fc.constant(lines), fc.boolean()))
  .map(([lines, complete]) => {
    const text = lines.map(([a, b], i) => (i === lines.length - 1 && !complete ? a : a + b)).join('')
    return Buffer.from(text)
  })
  .filter((raw) => raw.length > 0)

describe('the parts of a message', () => {
  it('are those that postal-mime finds', async () => {
    await fc.assert(
      fc.asyncProperty(message, async (raw) => {
        expect(shapeOf(readMime(raw, SIZES))).toEqual(await byLibrary(raw))
      }),
      { numRuns: 2_000 },
    )
  })

  it('are those that postal-mime finds in bytes that are no text', async () => {
    const encoding = fc.constantFrom('base64', 'quoted-printable', '8bit')
    await fc.assert(
      fc.asyncProperty(encoding, fc.uint8Array({ maxLength: 80 }), async (named, bytes) => {
        const raw = Buffer.concat([Buffer.from(`Content-Transfer-Encoding: ${named}\n\n`), bytes])
        expect(shapeOf(readMime(raw, SIZES))).toEqual(await byLibrary(raw))
      }),
      { numRuns: 500 },
    )
  })

  it('of no bytes are one of no text', () => {
    const nothing = { type: { value: 'text/plain', params: {} }, content: '', children: [] }
    expect(shapeOf(readMime(Buffer.alloc(0), SIZES))).toMatchObject(nothing)
  })

  it('have no more levels and header bytes than allowed', () => {
    const nested = Array.from({ length: 5 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`)
    const raw = Buffer.from(nested.join(''))
    expect(() => readMime(raw, { ...SIZES, maxDepth: 4 })).toThrow(LimitError)
    expect(() => readMime(raw, { ...SIZES, maxDepth: 5 })).not.toThrow()
    const bytes =
      nested
        .join('')
        .match(/Content.*/g)
        ?.join('').length ?? 0
    expect(() => readMime(raw, { ...SIZES, maxHeaderBytes: bytes - 1 })).toThrow(/maximum header size/)
    expect(() => readMime(raw, { ...SIZES, maxHeaderBytes: bytes })).not.toThrow()
  })

  it('cost little, however many they are', () => {
    const raw = Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\n'.repeat(200_000)}`)
    expect(readMime(raw, SIZES).children).toHaveLength(200_000)
  })
})
