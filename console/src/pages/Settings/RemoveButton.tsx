import { Button } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { visible } from '../../parts/text.ts'

/** Removes at the second press; the first one asks. */
export function RemoveButton({ what, onRemove }: { what: string; onRemove: () => void }) {
  const [asked, setAsked] = useState(false)
  useEffect(() => {
    if (!asked) return
    const timer = setTimeout(() => setAsked(false), 5000)
    return () => clearTimeout(timer)
  }, [asked])
  return (
    <Button
      size="small"
      appearance={asked ? 'primary' : 'subtle'}
      aria-label={asked ? `Really remove ${visible(what, 60)}?` : `Remove ${visible(what, 60)}`}
      onClick={() => (asked ? onRemove() : setAsked(true))}
    >
      {asked ? 'Really remove?' : 'Remove'}
    </Button>
  )
}
