// Files made by hand for tests: good ones, and ones that lie.
import { crc32, deflateRawSync, deflateSync } from 'node:zlib'

export interface ZipPart {
  readonly name: string
  readonly data: Buffer
  readonly encrypted?: boolean
  /** What the directory claims instead of the truth. */
  readonly claims?: number
  /** Bytes as they are, already deflated. */
  readonly packed?: Buffer
  /** Where the directory points instead. */
  readonly at?: number
  readonly zip64?: boolean
}

export function zip(parts: readonly ZipPart[]): Buffer {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const part of parts) {
    const packed = part.packed ?? deflateRawSync(part.data)
    const name = Buffer.from(part.name)
    const size = part.claims ?? part.data.length
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    head.writeUInt16LE(20, 4)
    head.writeUInt16LE(part.encrypted === true ? 1 : 0, 6)
    head.writeUInt16LE(8, 8)
    head.writeUInt32LE(packed.length, 18)
    head.writeUInt32LE(Math.min(size, 0xfffffffe), 22)
    head.writeUInt16LE(name.length, 26)
    const extra = part.zip64 === true ? wide(size) : Buffer.alloc(0)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(part.encrypted === true ? 1 : 0, 8)
    entry.writeUInt16LE(8, 10)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(part.zip64 === true ? 0xffffffff : Math.min(size, 0xfffffffe), 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt16LE(extra.length, 30)
    entry.writeUInt32LE(part.at ?? at, 42)
    central.push(entry, name, extra)
    const local = part.at === undefined ? Buffer.concat([head, name, packed]) : Buffer.alloc(0)
    locals.push(local)
    at += local.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(65_535, parts.length), 8)
  end.writeUInt16LE(Math.min(65_535, parts.length), 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

function wide(size: number): Buffer {
  const extra = Buffer.alloc(12)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(8, 2)
  extra.writeBigUInt64LE(BigInt(size), 4)
  return extra
}

export function tar(parts: readonly { name: string; data: Buffer }[]): Buffer {
  const out: Buffer[] = []
  for (const { name, data } of parts) {
    const head = Buffer.alloc(512)
    head.write(name, 0)
    head.write(data.length.toString(8).padStart(11, '0'), 124)
    head.write('0', 156)
    head.write('ustar\0', 257)
    out.push(head, data, Buffer.alloc((512 - (data.length % 512)) % 512))
  }
  return Buffer.concat([...out, Buffer.alloc(1_024)])
}

/** A compound file with streams of at most 4,096 bytes each in ordinary sectors; storages by `/` in the path. */
export function ole(streams: Readonly<Record<string, Buffer>>): Buffer {
  interface Row {
    name: string
    type: number
    child: number
    right: number
    start: number
    size: number
  }
  const END = 0xfffffffe
  const NONE = 0xffffffff
  const rows: Row[] = [{ name: 'Root Entry', type: 5, child: NONE, right: NONE, start: END, size: 0 }]
  const sectors: Buffer[] = []
  const fat: number[] = []
  const last = new Map<number, number>()
  const add = (parent: number, row: Row): number => {
    const id = rows.push(row) - 1
    const before = last.get(parent)
    const holder = rows[before ?? parent]
    if (holder !== undefined) {
      if (before === undefined) holder.child = id
      else holder.right = id
    }
    last.set(parent, id)
    return id
  }
  const storages = new Map<string, number>([['', 0]])
  const storage = (path: string): number => {
    const known = storages.get(path)
    if (known !== undefined) return known
    const cut = path.lastIndexOf('/')
    const parent = storage(cut === -1 ? '' : path.slice(0, cut))
    const id = add(parent, { name: path.slice(cut + 1), type: 1, child: NONE, right: NONE, start: 0, size: 0 })
    storages.set(path, id)
    return id
  }
  for (const [path, content] of Object.entries(streams)) {
    const cut = path.lastIndexOf('/')
    // Above the cutoff streams lie in ordinary sectors, so they are padded to it.
    const data = content.length < 4_096 ? Buffer.concat([content, Buffer.alloc(4_096 - content.length)]) : content
    const first = sectors.length
    for (let at = 0; at < data.length; at += 512) {
      const sector = Buffer.alloc(512)
      data.copy(sector, 0, at, at + 512)
      sectors.push(sector)
      fat.push(sectors.length)
    }
    fat[fat.length - 1] = END
    add(storage(cut === -1 ? '' : path.slice(0, cut)), {
      name: path.slice(cut + 1),
      type: 2,
      child: NONE,
      right: NONE,
      start: first,
      size: data.length,
    })
  }
  const directory = sectors.length
  const table = Buffer.concat(rows.map(rowBytes))
  for (let at = 0; at < table.length; at += 512) {
    const sector = Buffer.alloc(512)
    table.copy(sector, 0, at, at + 512)
    sectors.push(sector)
    fat.push(sectors.length)
  }
  fat[fat.length - 1] = END
  const head = Buffer.alloc(512, 0xff)
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(head)
  head.fill(0, 8, 76)
  head.writeUInt16LE(9, 30)
  head.writeUInt32LE(directory, 48)
  head.writeUInt32LE(4_096, 56)
  head.writeUInt32LE(END, 60)
  head.writeUInt32LE(END, 68)
  const fatSectors = Math.ceil((fat.length + 4) / 128)
  const fatBytes = Buffer.alloc(fatSectors * 512, 0xff)
  for (const [i, next] of fat.entries()) fatBytes.writeUInt32LE(next, i * 4)
  for (let i = 0; i < fatSectors; i++) head.writeUInt32LE(sectors.length + i, 76 + i * 4)
  return Buffer.concat([head, ...sectors, fatBytes])
}

function rowBytes(row: {
  name: string
  type: number
  child: number
  right: number
  start: number
  size: number
}): Buffer {
  const bytes = Buffer.alloc(128)
  bytes.write(row.name.slice(0, 31), 0, 'utf16le')
  bytes.writeUInt16LE((Math.min(31, row.name.length) + 1) * 2, 64)
  bytes[66] = row.type
  bytes.writeUInt32LE(0xffffffff, 68)
  bytes.writeUInt32LE(row.right, 72)
  bytes.writeUInt32LE(row.child, 76)
  bytes.writeUInt32LE(row.start, 116)
  bytes.writeUInt32LE(row.size, 120)
  return bytes
}

/** A module stream: the source packed as literals only. */
export function vba(source: string): Buffer {
  const text = Buffer.from(`Attribute VB_Name = "M"\r\n${source}`, 'latin1')
  const chunks: Buffer[] = [Buffer.from([1])]
  for (let at = 0; at < text.length; at += 3_600) {
    const literals: Buffer[] = []
    for (let i = at; i < Math.min(text.length, at + 3_600); i += 8)
      literals.push(Buffer.from([0]), text.subarray(i, Math.min(i + 8, at + 3_600)))
    const data = Buffer.concat(literals)
    const head = Buffer.alloc(2)
    head.writeUInt16LE(0xb000 | (data.length + 2 - 3), 0)
    chunks.push(head, data)
  }
  return Buffer.concat([Buffer.from('performance cache'), ...chunks])
}

export function png(
  width: number,
  height: number,
  grey: (x: number, y: number) => number,
  claims?: { width: number; height: number; data?: Buffer },
): Buffer {
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = grey(x, y)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(claims?.width ?? width, 0)
  header.writeUInt32BE(claims?.height ?? height, 4)
  header[8] = 8
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', claims?.data ?? deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), out.length - 4)
  return out
}
