export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly why: string }
  | { readonly kind: 'dns'; readonly id: number; readonly name: string; readonly type: string }

/**
 * What a child sent, or null when it is nothing that a child may send: it may have been taken over by what it parses. Checked by hand, because
 * the library that checks outcomes takes longer to load than one message takes to read.
 */
export function readAnswer(value: unknown): Answer | null {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return null
  if (value.kind === 'ready') return { kind: 'ready' }
  if (!('id' in value) || typeof value.id !== 'number' || !Number.isInteger(value.id)) return null
  const { id } = value
  if (value.kind === 'done') return 'value' in value ? { kind: 'done', id, value: value.value } : null
  if (value.kind === 'failed')
    return 'why' in value && isText(value.why, 1_000) ? { kind: 'failed', id, why: value.why } : null
  if (value.kind !== 'dns' || !('name' in value) || !('type' in value)) return null
  return isText(value.name, 1_024) && isText(value.type, 10)
    ? { kind: 'dns', id, name: value.name, type: value.type }
    : null
}

const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length <= max
