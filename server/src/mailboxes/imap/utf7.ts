/**
 * Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3). Printable ASCII stands for itself, `&` is `&-`, the rest
 * is UTF-16BE in base64 with `,` for `/` and no padding.
 */
export function encodeMailbox(name: string): string {
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-'
    const bytes = Buffer.from(run, 'utf16le').swap16()
    return `&${bytes.toString('base64').replaceAll('/', ',').replace(/=+$/, '')}-`
  })
}

/** The reverse; what is not valid is left as it is, so that such a folder can still be named. */
export function decodeMailbox(wire: string): string {
  return wire.replace(/&([A-Za-z0-9+,]*)-/g, (whole, coded: string) => {
    if (coded === '') return '&'
    const bytes = Buffer.from(coded.replaceAll(',', '/'), 'base64')
    if (bytes.length === 0 || bytes.length % 2 !== 0) return whole
    const name = bytes.swap16().toString('utf16le')
    return encodeMailbox(name) === whole ? name : whole
  })
}
