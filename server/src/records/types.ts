/** A provider's CopyRef as stored; `records` stands above `mailboxes`, so it only knows that it is JSON. */
export type CopyRefJson = { readonly [key: string]: string | number | null }
