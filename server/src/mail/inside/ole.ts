// Compound files (MS-CFB): old Office documents, Outlook messages, installers. Every number in them may be a lie.

const END = 0xfffffffe
const MAX_SECTORS = 1_000_000
const MAX_ENTRIES = 20_000

export interface OleStream {
  /** Storages and name, `/` between: `Macros/VBA/ThisDocument`. */
  readonly path: string
  readonly size: number
  /** Reads at most `most` bytes. */
  read(most?: number): Buffer
}

interface Row {
  readonly name: string
  readonly type: number
  readonly left: number
  readonly right: number
  readonly child: number
  readonly start: number
  readonly size: number
}

export const isOle = (bytes: Buffer): boolean =>
  bytes.length >= 512 && bytes.readUInt32BE(0) === 0xd0cf11e0 && bytes.readUInt32BE(4) === 0xa1b11ae1

/** All streams; an empty list for what is no compound file or a broken one. Work is linear in the file. */
export function readOle(bytes: Buffer): OleStream[] {
  if (!isOle(bytes)) return []
  return new Reader(bytes).streams()
}

class Reader {
  private readonly bytes: Buffer
  private readonly sector: number
  private readonly mini: number
  private readonly cutoff: number
  private readonly fat: Uint32Array
  private readonly miniFat: Uint32Array
  private readonly rows: Row[]
  private readonly miniStream: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
    const shift = bytes.readUInt16LE(30)
    this.sector = shift === 12 ? 4_096 : 512
    this.mini = 64
    this.cutoff = Math.min(bytes.readUInt32LE(56), 65_536)
    this.fat = this.readFat()
    this.rows = rowsOf(this.chain(bytes.readUInt32LE(48), MAX_ENTRIES * 128))
    this.miniFat = words(this.chain(bytes.readUInt32LE(60), bytes.length))
    const root = this.rows[0]
    this.miniStream = root === undefined ? Buffer.alloc(0) : this.chain(root.start, Math.min(root.size, bytes.length))
  }

  streams(): OleStream[] {
    const out: OleStream[] = []
    const seen = new Set<number>()
    // Depth first over the storages; ids that come twice are loops.
    const todo: { id: number; prefix: string }[] = [{ id: this.rows[0]?.child ?? END, prefix: '' }]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const row = this.rows[next.id]
      if (row === undefined || seen.has(next.id)) continue
      seen.add(next.id)
      const path = `${next.prefix}${row.name}`.slice(0, 1_000)
      todo.push({ id: row.left, prefix: next.prefix }, { id: row.right, prefix: next.prefix })
      if (row.type === 1) todo.push({ id: row.child, prefix: `${path}/` })
      if (row.type === 2) out.push({ path, size: row.size, read: (most = row.size) => this.content(row, most) })
    }
    return out
  }

  private content(row: Row, most: number): Buffer {
    const length = Math.min(row.size, most, this.bytes.length)
    if (row.size >= this.cutoff) return this.chain(row.start, length)
    const parts: Buffer[] = []
    let at = row.start
    for (let left = length; left > 0 && at < this.miniFat.length; left -= this.mini) {
      parts.push(this.miniStream.subarray(at * this.mini, at * this.mini + Math.min(this.mini, left)))
      at = this.miniFat[at] ?? END
    }
    return Buffer.concat(parts)
  }

  private at(sector: number): Buffer {
    const start = (sector + 1) * this.sector
    return this.bytes.subarray(start, start + this.sector)
  }

  /** The sectors of a chain, at most `most` bytes; a chain longer than the file is a loop and ends there. */
  private chain(start: number, most: number): Buffer {
    const parts: Buffer[] = []
    let sector = start
    let left = Math.min(most, this.bytes.length)
    while (left > 0 && sector < this.fat.length) {
      const part = this.at(sector)
      if (part.length === 0) break
      parts.push(part.subarray(0, Math.min(part.length, left)))
      left -= this.sector
      sector = this.fat[sector] ?? END
    }
    return Buffer.concat(parts)
  }

  private readFat(): Uint32Array {
    const sectors: number[] = []
    for (let i = 0; i < 109; i++) sectors.push(this.bytes.readUInt32LE(76 + i * 4))
    const perSector = this.sector / 4 - 1
    const most = Math.ceil(this.bytes.length / this.sector / (this.sector / 4)) + 1
    let next = this.bytes.readUInt32LE(68)
    for (let i = 0; i < most && next < END - 2; i++) {
      const part = words(this.at(next))
      if (part.length <= perSector) break
      sectors.push(...part.subarray(0, perSector))
      next = part[perSector] ?? END
    }
    const used = sectors.filter((s) => s < END - 2).slice(0, Math.min(most, MAX_SECTORS))
    return words(Buffer.concat(used.map((s) => this.at(s))))
  }
}

function words(bytes: Buffer): Uint32Array {
  const out = new Uint32Array(Math.floor(bytes.length / 4))
  for (let i = 0; i < out.length; i++) out[i] = bytes.readUInt32LE(i * 4)
  return out
}

function rowsOf(bytes: Buffer): Row[] {
  const rows: Row[] = []
  for (let at = 0; at + 128 <= bytes.length && rows.length < MAX_ENTRIES; at += 128) {
    const length = Math.min(64, bytes.readUInt16LE(at + 64))
    rows.push({
      name: bytes.toString('utf16le', at, at + Math.max(0, length - 2)).replaceAll('/', '_'),
      type: bytes[at + 66] ?? 0,
      left: bytes.readUInt32LE(at + 68),
      right: bytes.readUInt32LE(at + 72),
      child: bytes.readUInt32LE(at + 76),
      start: bytes.readUInt32LE(at + 116),
      size: bytes.readUInt32LE(at + 120),
    })
  }
  return rows
}
