import type { HtmlFacts, Inside, WritingFacts } from './facts.ts'

/** One mailbox of a header, as shown (`name`), as sent (`address`, lower-case domain) and as written (`raw`). */
export interface Address {
  readonly name: string
  /** Null when no address could be read; `raw` is then the evidence. */
  readonly address: string | null
  readonly raw: string
}

export interface HeaderLine {
  readonly name: string
  /** Unfolded, encoded words decoded, control characters replaced. */
  readonly value: string
}

/** `attachment`: in a file or an attached message; `qr`: in a picture of a QR code, wherever that stands. */
export type UrlPlace = 'link' | 'text' | 'form' | 'image' | 'attachment' | 'header' | 'qr'

export interface UrlFound {
  /** As written, trimmed of surrounding punctuation; at most 4,096 characters. */
  readonly url: string
  readonly host: string
  /** Registrable domain by the public suffix list; null for IP addresses and unknown suffixes. */
  readonly domain: string | null
  readonly place: UrlPlace
  /** Text shown to the reader, for links. */
  readonly anchor: string | null
}

export interface AttachmentFound {
  readonly name: string
  readonly declaredType: string
  /** By content; null = not recognised. */
  readonly realType: string | null
  readonly size: number
  readonly sha256: string
  readonly inline: boolean
  readonly contentId: string | null
  /** What is inside, for the kinds that are opened; absent for all others. */
  readonly inside?: Inside
}

export type {
  ArchiveEntry,
  ArchiveFacts,
  CalendarFacts,
  FormFound,
  Hiding,
  HtmlFacts,
  ImageFacts,
  Inside,
  MessageFacts,
  OddLink,
  OfficeFacts,
  PageFacts,
  PdfFacts,
  WritingFacts,
} from './facts.ts'

export type AuthResult =
  | 'pass'
  | 'fail'
  | 'softfail'
  | 'neutral'
  | 'none'
  | 'temperror'
  | 'permerror'
  | 'policy'
  | 'unknown'

/** One set of a valid ARC chain: who sealed it, and what that server says it had found when the message came to it. */
export interface ArcSet {
  /** `d=` of its seal, lower case. */
  readonly sealer: string
  readonly spf: { readonly result: AuthResult; readonly domain: string | null; readonly reason?: string }
  readonly dkim: readonly { readonly result: AuthResult; readonly domain: string | null }[]
  readonly dmarc: { readonly result: AuthResult; readonly domain: string | null }
  /** Whether that proves the domain that stands in From now. */
  readonly aligned: boolean
}

export interface Authentication {
  /** Who said so: a trusted server's Authentication-Results, our own check, or nobody. */
  readonly source: 'trusted-header' | 'own-check' | 'none'
  readonly spf: { readonly result: AuthResult; readonly domain: string | null }
  readonly dkim: readonly {
    readonly result: AuthResult
    readonly domain: string | null
    readonly selector: string | null
    /** Why, in the words of whoever checked: an address, what did not fit. Absent = nothing was said. */
    readonly reason?: string
  }[]
  readonly dmarc: { readonly result: AuthResult; readonly domain: string | null; readonly policy: string | null }
  readonly arc: AuthResult
  /** Sets of the ARC chain, newest first, where the chain is valid (`arc` is pass); absent = there are none. */
  readonly sealed?: readonly ArcSet[]
  /** True when SPF or DKIM passed for a domain aligned (relaxed) with the one From address, or DMARC passed. */
  readonly aligned: boolean
}

export interface Fingerprints {
  /** Of the subject without digits, reply prefixes and case; 16 hex digits; null when empty. */
  readonly subject: string | null
  /** Of the visible words; survives changed numbers and names; 16 hex digits; null when too short to mean anything. */
  readonly body: string | null
  /** Of the skeleton: MIME parts, HTML elements, file kinds, without words; null when the message is plain text alone. */
  readonly structure?: string | null
  /** Of the set of sites linked to, and the shape of their paths; null when there are no links. */
  readonly urls?: string | null
  /** Of the largest picture that could be decoded: 64-bit difference hash; null when there is none. */
  readonly image?: string | null
}

export interface ParsedMail {
  readonly internetMessageId: string | null
  readonly subject: string
  /** Header date as ISO string, null when missing or unreadable. */
  readonly date: string | null
  readonly headers: readonly HeaderLine[]
  /** All addresses of all From headers; several or disagreeing ones are kept as evidence. */
  readonly from: readonly Address[]
  readonly fromHeaders: number
  readonly sender: Address | null
  readonly replyTo: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly returnPath: string | null
  readonly urls: readonly UrlFound[]
  readonly attachments: readonly AttachmentFound[]
  /** Visible text, at most 64 KiB. */
  readonly text: string
  readonly hasHtml: boolean
  /** How the HTML of the body is made; null when there is none. */
  readonly html: HtmlFacts | null
  /** How the visible text is written. */
  readonly writing: WritingFacts
  readonly authentication: Authentication
  readonly fingerprints: Fingerprints
  /** What was odd, in words: broken multipart, unknown charset, several From headers, cut lists. */
  readonly defects: readonly string[]
}

export type ParseOutcome =
  | { readonly kind: 'parsed'; readonly mail: ParsedMail }
  /** Exceeds a limit or crashes the parser. `mail` holds what the first 64 KiB of headers give. */
  | { readonly kind: 'unparsable'; readonly why: string; readonly mail: ParsedMail }

/** What the envelope and the connection say; needed for authentication. */
export interface MailContext {
  readonly mailFrom: string | null
  readonly clientIp: string | null
  readonly helo: string | null
  /** The name that the receiver's DNS gave for `clientIp` and back again; absent = unknown. */
  readonly clientName?: string | null
  /** Servers whose Authentication-Results this organisation believes, for this message; absent = as the parser was told. */
  readonly trustedAuthserv?: readonly string[]
  /** Only so many Authentication-Results from the top may be believed: what stands below was there on arrival. Absent = all. */
  readonly trustedResults?: number
}

/** What DNS answers, by type: TXT in strings of parts, MX with priority, the rest as text. */
export type DnsRecords = string[][] | string[] | { priority: number; exchange: string }[]
