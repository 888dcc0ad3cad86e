import { Button, Field, Input } from '@fluentui/react-components'
import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { Problem } from '../../parts/Problem.tsx'
import { useSetup } from './data.ts'
import { Front } from './Front.tsx'

const MIN = 12

/** The first run: whoever holds the one-time code makes the administrator. */
export function Setup() {
  const search = useSearch({ from: '/setup' })
  const [form, setForm] = useState({ code: search.code ?? '', name: '', email: '', password: '' })
  const setup = useSetup()
  const set = (part: Partial<typeof form>) => setForm((before) => ({ ...before, ...part }))
  const short = form.password.length > 0 && form.password.length < MIN
  const ready = form.code !== '' && form.name.trim() !== '' && form.email !== '' && form.password.length >= MIN
  return (
    <Front
      title="Set up Recourse"
      note="Make the first administrator. The one-time code stands in the server’s output."
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (ready) setup.mutate({ ...form, code: form.code.trim(), name: form.name.trim(), email: form.email.trim() })
        }}
      >
        {setup.error ? <Problem error={setup.error} title="The administrator was not made" /> : null}
        <Field label="One-time code" required>
          <Input value={form.code} autoComplete="off" onChange={(_, data) => set({ code: data.value })} />
        </Field>
        <Field label="Name" required>
          <Input value={form.name} autoComplete="name" onChange={(_, data) => set({ name: data.value })} />
        </Field>
        <Field label="Email" required>
          <Input
            type="email"
            value={form.email}
            autoComplete="username"
            onChange={(_, data) => set({ email: data.value })}
          />
        </Field>
        <Field
          label="Password"
          required
          hint={`At least ${MIN} characters.`}
          validationState={short ? 'error' : 'none'}
          validationMessage={short ? `${MIN - form.password.length} more characters.` : null}
        >
          <Input
            type="password"
            value={form.password}
            autoComplete="new-password"
            onChange={(_, data) => set({ password: data.value })}
          />
        </Field>
        <Button type="submit" appearance="primary" disabled={!ready || setup.isPending}>
          {setup.isPending ? 'Setting up…' : 'Make administrator and sign in'}
        </Button>
      </form>
    </Front>
  )
}
