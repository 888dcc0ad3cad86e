/** Ways to put text into HTML that no reader sees. */
export type Hiding =
  /** display:none, visibility:hidden, hidden, mso-hide, opacity 0. */
  | 'not-shown'
  | 'zero-font'
  /** Font of at most 2 px or 2 pt. */
  | 'tiny-font'
  /** Colour of the text equal, or nearly so, to the background named on the same or an outer element (white when none is). */
  | 'same-colour'
  /** Moved away by position, indent or margin. */
  | 'off-screen'
  /** In a box without height or width that cuts. */
  | 'no-room'

export interface FormFound {
  /** Where it is sent; null for nowhere on the network (none, mailto, script). */
  readonly host: string | null
  readonly method: 'get' | 'post'
  /** Fields a person fills in, password fields included. */
  readonly fields: number
  readonly passwords: number
}

/** A link or source that is no web address: `data:`, `javascript:`, `file:`, `mailto:` with instructions … */
export interface OddLink {
  /** Lower case, without the colon. */
  readonly scheme: string
  /** The first 200 characters. */
  readonly sample: string
}

/** How HTML is made. Counts stop at 10,000; samples are cleaned for display. */
export interface HtmlFacts {
  /** Characters of source. */
  readonly size: number
  /** Characters (blanks left out) that a reader sees. */
  readonly visible: number
  /** …and that no reader sees, a preview line (hidden, before all visible text, up to 500) left out. */
  readonly hidden: number
  /** How, most used first. */
  readonly hiddenBy: readonly { readonly how: Hiding; readonly characters: number }[]
  /** The first 200 of these characters. */
  readonly hiddenSample: string
  /** Characters in comments that are not Outlook's conditions. */
  readonly comments: number
  readonly forms: readonly FormFound[]
  /** Password fields, inside forms or not. */
  readonly passwords: number
  readonly images: {
    readonly remote: number
    /** By Content-ID. */
    readonly inline: number
    /** By data: URL. */
    readonly data: number
    /** Inside a link. */
    readonly linked: number
    /** At most 1 × 1 or not shown: they count readers. */
    readonly pixels: number
  }
  readonly links: number
  readonly scripts: number
  /** Event handler attributes. */
  readonly handlers: number
  /** iframe, frame, embed, object. */
  readonly frames: number
  readonly refreshes: number
  readonly odd: readonly OddLink[]
  /** Host of `<base href>`. */
  readonly base: string | null
  /** Cells of the largest table that is drawn as a matrix of small dark and light squares; 0 for none. */
  readonly drawn: number
}

/** How text is written; of the visible text and the subject. */
export interface WritingFacts {
  /** ISO 639-1 guess from the first words; null when there are too few. */
  readonly language: string | null
  /** Charsets that the text parts declare, lower case. */
  readonly charsets: readonly string[]
  /** Characters that take no room inside words: zero-width, soft hyphen, joiners between Latin letters. */
  readonly invisible: number
  /** Some of the words that they split, put together again. */
  readonly invisibleWords: readonly string[]
  /** Characters that turn the direction of text. */
  readonly turning: number
  /** Words that mix Latin with look-alike letters of another script. */
  readonly mixed: readonly string[]
  /** Characters after 20 or more empty lines: what is put there is not meant for readers. */
  readonly afterGap: number
  /** Is there a text/plain part among what readers see? */
  readonly plain?: boolean
  /** Of the words of the plain form, how many per cent are in the HTML form as well; null when one is missing or has under 15 words. */
  readonly agreement?: number | null
  /** A text part of plain ASCII is packed as base64, which it does not need. */
  readonly packed?: boolean
}

/** An entry of an archive. */
export interface ArchiveEntry {
  readonly name: string
  /** By content where it was read (first bytes), else null. */
  readonly type: string | null
  /** Inflated size in bytes, as read, or as declared where it was not. */
  readonly size: number
  readonly encrypted: boolean
  /** Of its contents, lower case; absent where they were not read whole: locked, too large, of a kind that is not opened, empty. */
  readonly sha256?: string
}

export interface ArchiveFacts {
  readonly kind: 'zip' | 'rar' | '7z' | 'tar' | 'gzip' | 'bzip2' | 'xz' | 'cab' | 'iso' | 'arj' | 'ace' | 'lzh'
  /** All entries, also of archives inside (`a.zip/b.exe`); at most 100 are listed, programs first. */
  readonly entries: readonly ArchiveEntry[]
  readonly count: number
  readonly encrypted: boolean
  /** Archives inside archives: 1 = none inside. */
  readonly depth: number
  /** Why it was not read to its end, else null. */
  readonly stopped: string | null
}

export interface OfficeFacts {
  readonly macros: boolean
  /** Names of macros that run by themselves, or that call programs. */
  readonly suspicious: readonly string[]
  /** Template, object or frame loaded from elsewhere. */
  readonly external: readonly string[]
  readonly dde: boolean
  /** Files embedded (OLE packages, ActiveX). */
  readonly embedded: number
  readonly encrypted: boolean
}

/** HTML or SVG in a file. */
export interface PageFacts {
  readonly scripts: number
  readonly handlers: number
  readonly forms: readonly FormFound[]
  readonly passwords: number
  readonly frames: number
  /** meta refresh, or location set by script. */
  readonly redirects: boolean
  /** Marks of a file put together by script: `atob`, `Blob`, `createObjectURL`, `msSaveBlob`, `unescape`, `fromCharCode`, `document.write`, `eval`. */
  readonly builds: readonly string[]
  /** Longest run of base64, hex or percent-encoded text in a script, in characters. */
  readonly encoded: number
  /** Characters that a reader sees. */
  readonly visible: number
  /** Addresses of people in the source: the victim's, filled in. */
  readonly addresses: readonly string[]
}

export interface PdfFacts {
  readonly pages: number
  readonly links: number
  readonly scripts: boolean
  /** OpenAction, AA, Launch, SubmitForm, EmbeddedFile, as found. */
  readonly actions: readonly string[]
  readonly images: number
  /** Operators that show text. */
  readonly texts: number
  readonly encrypted: boolean
}

/** A message inside a file: `.eml`, `.msg`, winmail.dat. */
export interface MessageFacts {
  readonly subject: string
  readonly from: string | null
  /** Its own files, by name. */
  readonly files: readonly string[]
}

export interface CalendarFacts {
  readonly method: string | null
  readonly organiser: string | null
  readonly summary: string
  readonly events: number
  readonly alarms: number
}

export interface ImageFacts {
  readonly width: number
  readonly height: number
  /** 64-bit difference hash of the decoded picture; null when it was not decoded. */
  readonly hash: string | null
  /** Texts of QR codes, at most five of 500 characters. */
  readonly codes: readonly string[]
}

/** What is inside a file; `kind` says which member is there. */
export interface Inside {
  readonly archive?: ArchiveFacts
  readonly office?: OfficeFacts
  readonly page?: PageFacts
  readonly pdf?: PdfFacts
  readonly message?: MessageFacts
  readonly calendar?: CalendarFacts
  readonly image?: ImageFacts
  /** OneNote, Windows shortcut, RTF, TNEF: what was found, in words (`runs powershell.exe`, `embeds setup.exe`). */
  readonly notes?: readonly string[]
}
