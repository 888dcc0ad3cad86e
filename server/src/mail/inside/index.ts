import { oneLine } from '../text.ts'
import type { ImageFacts, Inside } from '../types.ts'
import { urlFound, urlsInText } from '../urls.ts'
import { archiveKind, readArchive } from './archive.ts'
import { type Budget, MAX_LEVELS, TooMuch } from './budget.ts'
import { readCalendar } from './calendar.ts'
import { readCodes } from './code.ts'
import { magicOf } from './magic.ts'
import { readMsg, readTnef } from './message.ts'
import { internetShortcut, oneNote, shortcut } from './notes.ts'
import { readOleOffice, readZippedOffice } from './office.ts'
import { readOle } from './ole.ts'
import { readPage } from './page.ts'
import { readPdf } from './pdf.ts'
import { decodePicture, MAX_PIXELS, type Picture, pictureHash, sizeOf } from './picture.ts'
import { rtfNotes } from './rtf.ts'

export { Budget } from './budget.ts'
export { drawnInText, fromRows } from './code.ts'
export { msgToMime } from './msg-to-mime.ts'

/** Looks into one file; undefined for kinds that are not opened. Never throws: what cannot be read becomes a defect. */
export async function lookInside(
  name: string,
  type: string,
  bytes: Buffer,
  budget: Budget,
): Promise<Inside | undefined> {
  const pictures: (Buffer | Picture)[] = []
  const found = inside(name, type, bytes, budget, 1, pictures)
  for (const picture of pictures) {
    const image = Buffer.isBuffer(picture) ? await lookAt(picture, budget) : await lookAtDecoded(picture, budget)
    if (image !== null && (found.image === undefined || image.codes.length > 0)) found.image = image
  }
  return Object.keys(found).length === 0 ? undefined : found
}

type Found = { -readonly [K in keyof Inside]: Inside[K] }

/** `level`: how many files it is in. What a file holds is told of the file that was sent. */
function inside(
  name: string,
  type: string,
  bytes: Buffer,
  budget: Budget,
  level: number,
  pictures: (Buffer | Picture)[],
): Found {
  const found: Found = {}
  const opened = (innerName: string, inner: Buffer, at: number = level) => {
    if (at > MAX_LEVELS) return
    const more = inside(innerName, '', inner, budget, at + 1, pictures)
    for (const key of ['office', 'page', 'pdf', 'message', 'calendar', 'archive'] as const)
      if (found[key] === undefined && more[key] !== undefined) Object.assign(found, { [key]: more[key] })
    if (more.notes !== undefined) found.notes = [...(found.notes ?? []), ...more.notes].slice(0, 20)
  }
  try {
    look(name, type, bytes, budget, found, opened, pictures)
  } catch (error) {
    const why = error instanceof TooMuch ? error.message : 'broken'
    budget.defects.push(`${oneLine(name, 80)}: ${why}`)
    if (error instanceof TooMuch) found.notes = [...(found.notes ?? []), `not read to its end: ${why}`].slice(0, 20)
  }
  return found
}

type Opened = (name: string, bytes: Buffer, level?: number) => void

function look(
  name: string,
  type: string,
  bytes: Buffer,
  budget: Budget,
  found: Found,
  opened: Opened,
  pictures: (Buffer | Picture)[],
): void {
  const magic = magicOf(name, bytes)
  if (magic === 'application/x-cfb') compound(name, bytes, budget, found, opened)
  else if (magic === 'application/pdf') found.pdf = readPdf(bytes, budget, pictures)
  else if (magic === 'application/onenote') found.notes = oneNote(bytes, opened)
  else if (magic === 'application/x.ms.shortcut') found.notes = shortcut(bytes, budget)
  else if (magic === 'application/x-mswinurl') found.notes = internetShortcut(bytes, budget)
  else if (magic === 'application/rtf') notes(found, rtfNotes(bytes))
  else if (magic === 'application/vnd.ms-tnef') message(found, readTnef(bytes, budget, opened))
  else if (magic === 'text/calendar' || /calendar|\bics\b/.test(type) || /\.(ics|vcs)$/i.test(name))
    calendar(bytes, budget, found)
  else if (isPage(name, type, magic)) found.page = readPage(bytes, budget)
  else if (magic?.startsWith('image/') === true) pictures.push(bytes)
  else archive(name, bytes, budget, found, opened)
}

const isPage = (name: string, type: string, magic: string | null): boolean =>
  magic === 'text/html' ||
  magic === 'image/svg+xml' ||
  (magic === null && (/\.(html?|xhtml?|shtml|svg|hta)$/i.test(name) || /^(text\/html|application\/xhtml)/.test(type)))

function notes(found: Found, list: readonly string[]): void {
  if (list.length > 0) found.notes = list
}

function message(found: Found, facts: Inside['message'] | null): void {
  if (facts) found.message = facts
}

function calendar(bytes: Buffer, budget: Budget, found: Found): void {
  const facts = readCalendar(bytes.toString('utf8', 0, 1024 * 1024), budget)
  if (facts !== null) found.calendar = facts
}

function compound(name: string, bytes: Buffer, budget: Budget, found: Found, opened: Opened): void {
  const streams = readOle(bytes)
  const mail = readMsg(streams, budget, opened)
  if (mail !== null) {
    found.message = mail
    return
  }
  const office = readOleOffice(streams)
  if (office !== null) found.office = office
  else if (streams.length === 0) budget.defects.push(`${oneLine(name, 80)}: a broken compound file`)
  for (const stream of streams)
    if (/Ole10Native$/i.test(stream.path))
      notes(found, [...(found.notes ?? []), ...packaged(stream.read(64 * 1024))].slice(0, 20))
}

/** The name of a file that a document carries as an object. */
function packaged(bytes: Buffer): string[] {
  const name =
    /[\w .()-]{1,100}\.(?:exe|scr|js|jse|vbs|vbe|wsf|bat|cmd|ps1|lnk|hta|jar|msi|dll|com|pif|html?|docx?|xlsx?|pdf|zip)\b/i.exec(
      bytes.toString('latin1', 0, 2_000),
    )?.[0]
  return name === undefined ? [] : [`embeds ${oneLine(name, 120)}`]
}

function archive(name: string, bytes: Buffer, budget: Budget, found: Found, opened: Opened): void {
  const kind = archiveKind(bytes)
  if (kind === null) return
  if (kind === 'zip') {
    const office = readZippedOffice(bytes, budget)
    if (office !== null) {
      found.office = office
      return
    }
  }
  found.archive = readArchive(kind, name, bytes, budget, opened)
  if (found.archive.stopped !== null) budget.defects.push(`${oneLine(name, 80)}: ${found.archive.stopped}`)
}

/** A picture: its size, what it looks like, and the codes in it. */
export async function lookAt(bytes: Buffer, budget: Budget): Promise<ImageFacts | null> {
  const size = sizeOf(bytes)
  if (size === null) return null
  const { width, height } = size
  const pixels = width * height
  if (pixels > MAX_PIXELS) {
    budget.defects.push(`a picture of ${width} × ${height} is not looked at`)
    return { width: Math.min(width, 2 ** 31), height: Math.min(height, 2 ** 31), hash: null, codes: [] }
  }
  if (budget.pictures <= 0 || pixels > budget.pixels) return { ...size, hash: null, codes: [] }
  budget.pictures--
  budget.pixels -= pixels
  const picture = decodePicture(bytes, size)
  if (picture === null) return { ...size, hash: null, codes: [] }
  return { ...size, hash: pictureHash(picture), codes: await codesOf(picture, budget) }
}

async function lookAtDecoded(picture: Picture, budget: Budget): Promise<ImageFacts | null> {
  const { width, height } = picture
  if (budget.pictures <= 0 || width * height > budget.pixels) return null
  budget.pictures--
  budget.pixels -= width * height
  return { width, height, hash: pictureHash(picture), codes: await codesOf(picture, budget) }
}

/** Texts of codes; their addresses go to `budget.urls` as `qr`. */
export async function codesOf(picture: Picture, budget: Budget): Promise<string[]> {
  const codes = await readCodes(picture).catch(() => [])
  for (const text of codes) {
    const whole = urlFound(text.trim(), 'qr')
    const urls = whole === null ? urlsInText(text, 'qr', 5) : [whole]
    for (const url of urls) if (budget.urls.length < 1_000) budget.urls.push(url)
  }
  return codes
}
