import { Button, Checkbox, Field, Input, Popover, PopoverSurface, PopoverTrigger } from '@fluentui/react-components'
import { Dismiss12Regular } from '@fluentui/react-icons'
import { useId, useState } from 'react'
import { visible } from '../text.ts'
import type { Property } from './search.ts'

interface Props {
  readonly property: Omit<Property<string>, 'key'>
  readonly values: readonly string[]
  readonly startOpen: boolean
  readonly onChange: (values: readonly string[]) => void
  readonly onClosed: () => void
}

/** One condition: opens to be changed, × removes it. Several values mean any of them. */
export function FilterChip({ property, values, startOpen, onChange, onClosed }: Props) {
  const [open, setOpen] = useState(startOpen)
  const words = values.map((value) => property.options?.[value] ?? visible(value, 40))
  const text =
    words.length === 0 ? '…' : words.slice(0, 3).join(', ') + (words.length > 3 ? ` +${words.length - 3}` : '')
  return (
    <span className="chip">
      <Popover
        trapFocus
        open={open}
        positioning="below-start"
        onOpenChange={(_, data) => {
          setOpen(data.open)
          if (!data.open) onClosed()
        }}
      >
        <PopoverTrigger disableButtonEnhancement>
          <button type="button" className="chip-text">
            {property.label}: <strong>{text}</strong>
          </button>
        </PopoverTrigger>
        <PopoverSurface aria-label={property.label} className="chip-editor">
          {property.options ? (
            <Choices property={property} values={values} onChange={onChange} />
          ) : (
            <Typed property={property} values={values} onChange={onChange} onDone={() => setOpen(false)} />
          )}
        </PopoverSurface>
      </Popover>
      <Button
        size="small"
        appearance="transparent"
        icon={<Dismiss12Regular />}
        aria-label={`Remove filter ${property.label}`}
        onClick={() => {
          onChange([])
          onClosed()
        }}
      />
    </span>
  )
}

function Choices({ property, values, onChange }: Pick<Props, 'property' | 'values' | 'onChange'>) {
  return (
    <fieldset className="bare stack-tight">
      <legend>{property.label}, any of</legend>
      {Object.entries(property.options ?? {}).map(([value, word]) => (
        <Checkbox
          key={value}
          label={word}
          checked={values.includes(value)}
          onChange={(_, data) => onChange(data.checked ? [...values, value] : values.filter((v) => v !== value))}
        />
      ))}
    </fieldset>
  )
}

/** Values are typed or pasted, several with commas or on lines. */
function Typed({
  property,
  values,
  onChange,
  onDone,
}: Pick<Props, 'property' | 'values' | 'onChange'> & { onDone: () => void }) {
  const [text, setText] = useState('')
  const id = useId()
  const add = () => {
    const found = text.split(/[,\n]/).flatMap((part) => part.trim() || [])
    if (found.length > 0) onChange([...new Set([...values, ...found])])
    setText('')
    if (found.length > 0) onDone()
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        add()
      }}
    >
      <Field label={`${property.label}, any of`} hint="Several values: with commas">
        <Input id={id} value={text} placeholder={property.hint ?? ''} onChange={(_, data) => setText(data.value)} />
      </Field>
      {values.length > 0 ? (
        <ul className="plain stack-tight">
          {values.map((value) => (
            <li key={value} className="row">
              <bdi className="grow wrap">{visible(value, 200)}</bdi>
              <Button
                size="small"
                appearance="subtle"
                icon={<Dismiss12Regular />}
                aria-label={`Remove ${visible(value, 60)}`}
                onClick={() => onChange(values.filter((v) => v !== value))}
              />
            </li>
          ))}
        </ul>
      ) : null}
      <div>
        <Button type="submit" appearance="primary" size="small" disabled={text.trim() === ''}>
          Apply
        </Button>
      </div>
    </form>
  )
}
