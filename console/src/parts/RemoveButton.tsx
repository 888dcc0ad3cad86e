import { Button } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { visible } from './text.ts'

/** Removes at the second press; the first one asks. */
export function RemoveButton({
  what,
  verb = 'Remove',
  onRemove,
}: {
  what: string
  verb?: 'Remove' | 'Forget'
  onRemove: () => void
}) {
  const really = `Really ${verb.toLowerCase()}`
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
      aria-label={asked ? `${really}? ${visible(what, 60)}` : `${verb} ${visible(what, 60)}`}
      onClick={() => (asked ? onRemove() : setAsked(true))}
    >
      {asked ? `${really}?` : verb}
    </Button>
  )
}
