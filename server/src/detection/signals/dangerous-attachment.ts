import type { EntityRef, Signal, Threat } from '../../judgement/index.ts'
import type { AttachmentFound } from '../../mail/index.ts'
import type { SignalInput } from '../types.ts'

/**
 * A file that does something when it is opened, or pretends to be another kind of file. By type and name only: what is
 * inside is for engines to say.
 */
export function dangerousAttachment({ mail }: SignalInput): Signal[] {
  const found = mail.attachments
    .flatMap((file) => {
      const danger = dangerOf(file)
      return danger === null ? [] : [{ file, ...danger }]
    })
    .sort((a, b) => b.weight - a.weight || (a.file.sha256 < b.file.sha256 ? -1 : 1))
  const [worst] = found
  if (worst === undefined) return []
  // Whoever allows one of several bad files has not allowed the others.
  const counted = found.filter((f) => f.weight >= Math.min(worst.weight, STRONG))
  return [
    {
      id: 'dangerous-attachment',
      version: 1,
      weight: worst.weight,
      threat: worst.threat,
      technology: 'file-analysis',
      summary: `Attachment ${shown(worst.file.name)} ${worst.why}`,
      evidence: {
        files: found.slice(0, 20).map(({ file, why, weight }) => ({
          name: shown(file.name),
          declared: file.declaredType,
          real: file.realType,
          sha256: file.sha256,
          why,
          weight,
        })),
      },
      entities: [...new Set(counted.map((f) => f.file.sha256.toLowerCase()))]
        .sort()
        .map((value): EntityRef => ({ kind: 'file-hash', value })),
    },
  ]
}

/** From here on a finding convicts by itself. */
const STRONG = 4

interface Danger {
  readonly threat: Threat
  readonly weight: number
  readonly why: string
}

// Started by a double click on common desktops.
const RUNS = new Set(
  'exe scr com pif bat cmd js jse vbs vbe wsf wsh hta ps1 psm1 msi msp msix appx jar lnk url scf cpl dll ocx sys reg chm hlp inf sct xll ade adp mde msc gadget application settingcontent-ms search-ms library-ms desktop apk command workflow'.split(
    ' ',
  ),
)
const DISKS = new Set('iso img vhd vhdx udf dmg'.split(' '))
const MACROS = new Set('docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm one'.split(' '))
const PAGES = new Set('html htm shtml xhtml xht mht mhtml svg svgz'.split(' '))
const DOCUMENTS = new Set(
  'pdf doc docx xls xlsx ppt pptx rtf txt csv odt jpg jpeg png gif bmp tif zip wav mp3 mp4'.split(' '),
)

const RUNNABLE_TYPES =
  /^application\/(x-msdownload|x-msdos-program|x-dosexec|vnd\.microsoft\.portable-executable|x-elf|x-executable|x-mach-binary|x-ms-shortcut|x\.ms\.shortcut|x-msi|java-archive|x-ms-installer)\b/

// Reverse the direction of what follows or hide: the name is shown differently from what it is.
const TURNING = /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/

export function dangerOf(file: Pick<AttachmentFound, 'name' | 'declaredType' | 'realType' | 'inline'>): Danger | null {
  const name = file.name.normalize('NFKC')
  const [extension, decoy] = extensions(name)
  if (TURNING.test(name) && (RUNS.has(extension) || DISKS.has(extension) || PAGES.has(extension)))
    return { threat: 'malware', weight: 12, why: `hides that it is .${extension} by turning its name around` }
  if (file.realType !== null && RUNNABLE_TYPES.test(file.realType))
    return { threat: 'malware', weight: RUNS.has(extension) ? 10 : 12, why: `is a program (${file.realType})` }
  if (RUNS.has(extension)) return runs(file, extension, decoy)
  if (DISKS.has(extension))
    return { threat: 'malware', weight: 8, why: 'is a disk image, which carries files past the mark of the web' }
  if (MACROS.has(extension))
    return { threat: 'malware', weight: 6, why: 'is a document that can run macros or scripts' }
  return page(file, extension, decoy)
}

function runs(file: Pick<AttachmentFound, 'realType'>, extension: string, decoy: string): Danger | null {
  // `www.contoso.com` as the name of a page or picture: what it is speaks louder than what it is called.
  if (extension === 'com' && file.realType !== null && !RUNNABLE_TYPES.test(file.realType)) return null
  return DOCUMENTS.has(decoy)
    ? { threat: 'malware', weight: 12, why: `is .${extension}, which runs when opened, dressed up as .${decoy}` }
    : { threat: 'malware', weight: 10, why: `is .${extension}, which runs when opened` }
}

function page(
  file: Pick<AttachmentFound, 'realType' | 'declaredType' | 'inline'>,
  extension: string,
  decoy: string,
): Danger | null {
  const isPage = PAGES.has(extension)
  const really = /^(text\/html|application\/xhtml\+xml|image\/svg\+xml)\b/.test(file.realType ?? '')
  if (isPage && DOCUMENTS.has(decoy))
    return { threat: 'phish', weight: 7, why: `is a web page dressed up as .${decoy}` }
  if (!isPage && really && DOCUMENTS.has(extension) && extension !== 'txt')
    return { threat: 'phish', weight: 7, why: `is called .${extension} but is a web page` }
  // Sent inline, or as the body of somebody's mail program, pages are everyday.
  if (isPage && !file.inline)
    return { threat: 'phish', weight: 3, why: 'is a web page, which opens outside the mail filter' }
  return null
}

/** Last extension and the one before it, as the system that opens the file sees them. */
function extensions(name: string): [string, string] {
  const parts = name
    .replace(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069\p{Cc}]/gu, '')
    .replace(/[\s.]+$/u, '')
    .toLowerCase()
    .split('.')
    .map((p) => p.trim())
  const last = parts.length > 1 ? (parts.at(-1) ?? '') : ''
  return [last, parts.length > 2 ? (parts.at(-2) ?? '') : '']
}

/** A name that may be printed: what turns or hides is shown as its code. */
const shown = (name: string): string =>
  name
    .replace(/[\p{Cf}\p{Cc}]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
    .replace(/\s{3,}/g, '  …  ')
    .slice(0, 200) || '(unnamed)'
