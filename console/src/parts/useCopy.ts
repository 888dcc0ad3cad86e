import { useState } from 'react'

/** What came of copying; '' = nothing was copied lately. */
export function useCopy(): { readonly says: string; readonly copy: (text: string) => void } {
  const [says, setSays] = useState('')
  const copy = async (text: string) => {
    try {
      // Not there on pages that come by plain HTTP from another machine; and people may refuse it.
      await navigator.clipboard.writeText(text)
      setSays('Copied')
    } catch {
      setSays('Not copied: the browser does not allow it')
    }
    setTimeout(() => setSays(''), 4000)
  }
  return { says, copy: (text) => void copy(text) }
}
