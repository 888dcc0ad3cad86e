/** An id as records keep it, whether it comes from there or stands in a header: without its angle brackets. */
export const plainId = (id: string | null): string | null => (id === null ? null : (/<([^<>]*)>/.exec(id)?.[1] ?? id))

/** How these ids may stand in a header, for a search by what it says. */
export function headerIds(ids: Iterable<string | null>): string[] {
  const forms = [...ids].flatMap((id) => {
    const plain = plainId(id)
    return plain === null ? [] : [`<${plain}>`, plain]
  })
  return [...new Set(forms)]
}
