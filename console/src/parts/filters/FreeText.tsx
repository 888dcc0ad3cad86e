import { SearchBox } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import './filters.css'

/** Free text that is searched for when typing pauses. */
export function FreeText(props: {
  value: string
  label: string
  placeholder: string
  onSearch: (text: string) => void
}) {
  const { value, onSearch } = props
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => onSearch(text.trim()), 350)
    return () => clearTimeout(timer)
  }, [text, value, onSearch])
  return (
    <SearchBox
      className="search-box"
      aria-label={props.label}
      placeholder={props.placeholder}
      value={text}
      onChange={(_, data) => setText(data.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onSearch(text.trim())
      }}
    />
  )
}
