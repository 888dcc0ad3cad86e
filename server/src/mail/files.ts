import type { AttachmentFound } from './types.ts'

/** A file that came with a message: attached, shown in the text, or in an archive. */
export interface FileIn {
  /** As the message or the archive names it; `a.zip/b.exe` in an archive. */
  readonly name: string
  /** Lower case. */
  readonly sha256: string
}

/** An attachment and the files in it, as far as their contents were read (lists #71). */
export const filesIn = ({ name, sha256, inside }: AttachmentFound): FileIn[] => [
  { name, sha256: sha256.toLowerCase() },
  ...(inside?.archive?.entries ?? []).flatMap((entry) =>
    entry.sha256 === undefined ? [] : [{ name: `${name}/${entry.name}`, sha256: entry.sha256 }],
  ),
]
