/**
 * What postal-mime needs of a Blob: decoded lines put together, once. Node's own goes through a stream between threads for it, which cost
 * as much as everything else about a small part. Only for the parsing process, where nothing else uses blobs.
 */
export class JoinedBytes {
  private readonly parts: readonly (Uint8Array | ArrayBuffer | string)[]

  constructor(parts: readonly (Uint8Array | ArrayBuffer | string)[]) {
    this.parts = parts
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    let size = 0
    for (const part of this.parts) size += typeof part === 'string' ? Buffer.byteLength(part) : part.byteLength
    const joined = new Uint8Array(size)
    let at = 0
    for (const part of this.parts) {
      const bytes =
        typeof part === 'string'
          ? part === '\n'
            ? LINE_END
            : Buffer.from(part)
          : part instanceof ArrayBuffer
            ? new Uint8Array(part)
            : part
      joined.set(bytes, at)
      at += bytes.length
    }
    return Promise.resolve(joined.buffer)
  }
}

const LINE_END = Uint8Array.of(10)

/** From here on this process has no other Blob. */
export function joinBlobsHere(): void {
  Reflect.set(globalThis, 'Blob', JoinedBytes)
}
