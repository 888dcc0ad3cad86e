import { cut } from '../text.ts'
import type { Hiding } from '../types.ts'

/** What one element's own style says about whether its text is seen. */
export interface Seen {
  readonly hides: Hiding | null
  /** 24-bit colour of the text; null when nothing is said. */
  readonly colour: number | null
  /** …of the ground; -1 when it is a picture or unknown. */
  readonly ground: number | null
  /** At most 1 px in either direction. */
  readonly pixel: boolean
  /** At most 12 px in both directions, with a ground: a module of a drawn code. */
  readonly module: boolean
}

const NOTHING: Seen = { hides: null, colour: null, ground: null, pixel: false, module: false }

const NOT_SHOWN = /display\s*:\s*none|visibility\s*:\s*hidden|(?:^|[^-])opacity\s*:\s*0(?![.\d]*[1-9])/i
const FONT = /font\s*:(?:[^;]{0,80}?\s)?(\d{0,4}(?:\.\d{1,6})?)(px|pt|em|rem|%)?\s*(?=[;/!]|$|\s)/i
const COLOUR = /(?:^|[;\s])color\s*:\s*([^;!]{1,60})/i
const GROUND = /background(?:-color)?\s*:\s*([^;!]{1,200})/i
const IMAGE = /background(?:-image)?\s*:[^;]{0,200}(?:url|gradient)\s*\(/i
const AWAY =
  /position\s*:\s*(?:absolute|fixed)(?=[\s\S]*(?:left|top|right|bottom)\s*:\s*-\d{3,})|text-indent\s*:\s*-\d{3,}|margin(?:-left|-top)?\s*:\s*-\d{4,}/i
const CUTS = /overflow(?:-[xy])?\s*:\s*hidden/i
const NO_SIZE = /(?:^|[;\s])(?:max-)?(?:height|width)\s*:\s*0(?:px|pt|em|%)?\s*(?:[;!]|$)/i
const SMALL = /(?:^|[;\s])(?:max-)?(?:height|width)\s*:\s*[01](?:px|pt)?\s*(?:[;!]|$)/i
const LENGTH = /(?:^|[;\s])(?:height|width|padding)\s*:\s*(\d{1,4})(?:\.\d+)?px/gi

/** Reads a style attribute; anything but a style gives nothing. Linear: the input is cut and the patterns are bounded. */
export function readStyle(style: string): Seen {
  if (style === '') return NOTHING
  const text = cut(style, 2_000)
  const named = IMAGE.test(text) ? -1 : colourOf(GROUND.exec(text)?.[1])
  const ground = named === -2 ? null : named
  return {
    hides: hiding(text),
    colour: colourOf(COLOUR.exec(text)?.[1]),
    ground,
    pixel: SMALL.test(text),
    module: ground !== null && small(text),
  }
}

function hiding(text: string): Hiding | null {
  if (NOT_SHOWN.test(text)) return 'not-shown'
  const font = fontSize(text)
  if (font === 0) return 'zero-font'
  if (CUTS.test(text) && NO_SIZE.test(text)) return 'no-room'
  if (AWAY.test(text)) return 'off-screen'
  return font !== null && font <= 2 ? 'tiny-font' : null
}

/** In px, relative units by 16; null when nothing is said. */
function fontSize(text: string): number | null {
  if (!/font/i.test(text)) return null
  const found = /font-size\s*:\s*(\d{0,4}(?:\.\d{1,6})?)\s*(px|pt|em|rem|%)?/i.exec(text) ?? FONT.exec(text)
  const number = found?.[1]
  if (number === undefined || number === '') return null
  const size = Number(number)
  const unit = found?.[2]?.toLowerCase()
  if (size === 0) return 0
  if (unit === undefined) return null
  return unit === '%' ? (size * 16) / 100 : unit === 'em' || unit === 'rem' ? size * 16 : size
}

function small(text: string): boolean {
  const sizes = [...text.matchAll(LENGTH)].map((m) => Number(m[1]))
  return sizes.length > 0 && sizes.every((s) => s <= 12)
}

const NAMED: Readonly<Record<string, number>> = {
  white: 0xffffff,
  snow: 0xfffafa,
  ivory: 0xfffff0,
  ghostwhite: 0xf8f8ff,
  whitesmoke: 0xf5f5f5,
  black: 0,
  silver: 0xc0c0c0,
  gray: 0x808080,
  grey: 0x808080,
  red: 0xff0000,
  blue: 0x0000ff,
  navy: 0x000080,
  green: 0x008000,
  yellow: 0xffff00,
}

/** A colour as 24 bits; null for none and for what is not understood; fully transparent text reads as -2. */
export function colourOf(value: string | undefined): number | null {
  const text = value?.trim().toLowerCase() ?? ''
  const hex = /#([0-9a-f]{6}|[0-9a-f]{3})\b/.exec(text)?.[1]
  if (hex !== undefined) return Number.parseInt(hex.length === 6 ? hex : [...hex].map((c) => c + c).join(''), 16)
  if (text.startsWith('transparent')) return -2
  const rgb = /rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,8}))?/.exec(text)
  if (rgb !== null) {
    if (rgb[4] !== undefined && Number(rgb[4]) === 0) return -2
    return (Math.min(255, Number(rgb[1])) << 16) | (Math.min(255, Number(rgb[2])) << 8) | Math.min(255, Number(rgb[3]))
  }
  return NAMED[/^[a-z]+/.exec(text)?.[0] ?? ''] ?? null
}

/** Do two colours look the same? At most 10 of 255 apart in each channel. */
export function alike(a: number, b: number): boolean {
  if (a < 0 || b < 0) return a === -2
  for (let shift = 0; shift <= 16; shift += 8)
    if (Math.abs(((a >> shift) & 255) - ((b >> shift) & 255)) > 10) return false
  return true
}
