import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { prepareZXingModule, type ReaderOptions, readBarcodes } from 'zxing-wasm/reader'
import { cleanText, cut } from '../text.ts'
import type { Picture } from './picture.ts'

const OPTIONS: ReaderOptions = {
  formats: ['QRCode', 'MicroQRCode', 'Aztec', 'DataMatrix'],
  tryHarder: true,
  tryRotate: false,
  tryInvert: true,
  tryDownscale: true,
  maxNumberOfSymbols: 5,
}

let prepared = false

/** The library would fetch its program from a network; ours lies beside it. */
function prepare(): void {
  if (prepared) return
  prepared = true
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  const binary = readFileSync(file)
  prepareZXingModule({
    overrides: { wasmBinary: binary.buffer.slice(binary.byteOffset, binary.byteOffset + binary.length) },
  })
}

/** Smaller pictures hold no code that a telephone reads. */
const MIN_SIDE = 40

/** Texts of the codes in a picture, at most five; empty when there are none. */
export async function readCodes({ width, height, grey }: Picture): Promise<string[]> {
  if (width < MIN_SIDE || height < MIN_SIDE || !contrasts(grey)) return []
  prepare()
  const data = new Uint8ClampedArray(width * height * 4)
  for (let i = 0; i < grey.length; i++) {
    const value = grey[i] ?? 0
    data[i * 4] = value
    data[i * 4 + 1] = value
    data[i * 4 + 2] = value
    data[i * 4 + 3] = 255
  }
  const found = await readBarcodes({ data, width, height, colorSpace: 'srgb' }, OPTIONS)
  return found
    .filter((code) => code.isValid && code.text !== '')
    .slice(0, 5)
    .map((code) => cut(cleanText(code.text), 500))
}

/** Codes are dark on light; a picture without both holds none. */
function contrasts(grey: Uint8Array): boolean {
  let dark = 0
  let light = 0
  const step = Math.max(1, Math.floor(grey.length / 5_000))
  for (let i = 0; i < grey.length; i += step) {
    const value = grey[i] ?? 0
    if (value < 110) dark++
    else if (value > 145) light++
  }
  return dark > 50 && light > 50
}

/** A code drawn with characters: `█`, `▀`, `▄` or two blanks for a module. Null when the text draws nothing. */
export function drawnInText(text: string): Picture | null {
  const lines = text.split('\n')
  let best: string[] = []
  let run: string[] = []
  for (const line of [...lines.slice(0, 2_000), '']) {
    if ((line.match(/[█▀▄■▌▐]/gu)?.length ?? 0) >= 8) run.push(line.slice(0, 400))
    else {
      if (run.length > best.length) best = run
      run = []
    }
  }
  return best.length < 11 || best.length > 120 ? null : fromBlocks(best)
}

function fromBlocks(lines: readonly string[]): Picture {
  // Half blocks hold two rows in a line; full blocks alone are written twice as wide as high.
  const halves = lines.some((line) => /[▀▄]/.test(line))
  const rows: boolean[][] = []
  for (const line of lines) {
    const upper = [...line].map((c) => c === '█' || c === '▀' || c === '■')
    rows.push(upper)
    if (halves) rows.push([...line].map((c) => c === '█' || c === '▄' || c === '■'))
  }
  const [wide, high] = halves ? [4, 4] : [2, 4]
  return fromRows(rows, wide, high)
}

/** Dark and light modules as a picture with a quiet zone. */
export function fromRows(rows: readonly (readonly boolean[])[], wide: number, high: number): Picture {
  const columns = Math.min(400, Math.max(0, ...rows.map((row) => row.length)))
  const quiet = 16
  const width = columns * wide + 2 * quiet
  const height = rows.length * high + 2 * quiet
  const grey = new Uint8Array(width * height).fill(255)
  for (const [r, row] of rows.entries())
    for (let c = 0; c < columns; c++) {
      if (row[c] !== true) continue
      for (let y = 0; y < high; y++)
        grey.fill(
          0,
          (quiet + r * high + y) * width + quiet + c * wide,
          (quiet + r * high + y) * width + quiet + (c + 1) * wide,
        )
    }
  return { width, height, grey }
}
