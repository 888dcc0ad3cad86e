import { Button, Dropdown, Field, Input, Option, Spinner } from '@fluentui/react-components'
import { useState } from 'react'
import { useSession } from '../../api/session.ts'
import type { NewUser, UserRow } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { RemoveButton } from '../../parts/RemoveButton.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { addUser, removeUser, setRole, useChange, useUsers } from './data.ts'

export const ROLES = {
  administrator: 'Administrator – everything',
  analyst: 'Analyst – everything but settings and users',
  reader: 'Reader – sees messages, lists and settings',
  reporter: 'Reporter – reports messages only',
} as const
type Role = keyof typeof ROLES
const isRole = (value: string | undefined): value is Role => value !== undefined && value in ROLES

export function Users() {
  const users = useUsers()
  const remove = useChange('users', removeUser)
  const change = useChange('users', setRole)
  const me = useSession()?.user.id
  return (
    <>
      {users.error ? <Problem error={users.error} onRetry={() => void users.refetch()} /> : null}
      {remove.error ? <Problem error={remove.error} title="The user was not removed" /> : null}
      {change.error ? <Problem error={change.error} title="The role was not changed" /> : null}
      <Card title="Users">
        {users.data ? (
          <UserTable
            users={users.data.items}
            me={me}
            onRemove={(id) => remove.mutate(id)}
            onRole={(id, role) => change.mutate({ id, role })}
          />
        ) : users.error ? null : (
          <Spinner size="small" label="Loading" />
        )}
      </Card>
      <Card title="Add a user">
        <AddUser />
      </Card>
    </>
  )
}

function UserTable(props: {
  users: readonly UserRow[]
  me: string | undefined
  onRemove: (id: string) => void
  onRole: (id: string, role: Role) => void
}) {
  return (
    <ScrollRegion label="Users">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Email</th>
            <th scope="col">Role</th>
            <th scope="col">Since</th>
            <th scope="col">
              <span className="hidden-visually">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.users.map((user) => (
            <tr key={user.id}>
              <td>
                <SafeText text={user.name} max={100} />
              </td>
              <td>
                <SafeText text={user.email} max={200} />
              </td>
              <td>
                {user.id === props.me ? (
                  ROLES[user.role].split(' – ')[0]
                ) : (
                  <RolePicker
                    role={user.role}
                    label={`Role of ${visible(user.name, 60)}`}
                    onRole={(role) => props.onRole(user.id, role)}
                  />
                )}
              </td>
              <td>
                <Time at={user.createdAt} />
              </td>
              <td>
                {user.id === props.me ? (
                  <span className="muted">You</span>
                ) : (
                  <RemoveButton what={user.name} onRemove={() => props.onRemove(user.id)} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

function RolePicker({ role, label, onRole }: { role: Role; label: string; onRole: (role: Role) => void }) {
  return (
    <Dropdown
      size="small"
      aria-label={label}
      value={ROLES[role].split(' – ')[0] ?? role}
      selectedOptions={[role]}
      onOptionSelect={(_, data) => {
        if (isRole(data.optionValue) && data.optionValue !== role) onRole(data.optionValue)
      }}
    >
      {Object.entries(ROLES).map(([key, text]) => (
        <Option key={key} value={key}>
          {text}
        </Option>
      ))}
    </Dropdown>
  )
}

const EMPTY: NewUser = { name: '', email: '', password: '', role: 'analyst' }

function AddUser() {
  const [form, setForm] = useState<NewUser>(EMPTY)
  const add = useChange('users', addUser)
  const set = (part: Partial<NewUser>) => setForm((before) => ({ ...before, ...part }))
  const ready = form.name.trim() !== '' && form.email.includes('@') && form.password.length >= 12
  return (
    <form
      className="stack form"
      onSubmit={(event) => {
        event.preventDefault()
        if (ready) add.mutate(form, { onSuccess: () => setForm(EMPTY) })
      }}
    >
      {add.error ? <Problem error={add.error} title="The user was not added" /> : null}
      <Field label="Name" required>
        <Input value={form.name} autoComplete="off" onChange={(_, data) => set({ name: data.value })} />
      </Field>
      <Field label="Email" required>
        <Input type="email" value={form.email} autoComplete="off" onChange={(_, data) => set({ email: data.value })} />
      </Field>
      <Field label="First password" required hint="At least 12 characters.">
        <Input
          type="password"
          value={form.password}
          autoComplete="new-password"
          onChange={(_, data) => set({ password: data.value })}
        />
      </Field>
      <Field label="Role">
        <Dropdown
          value={isRole(form.role) ? ROLES[form.role] : form.role}
          selectedOptions={[form.role]}
          onOptionSelect={(_, data) => {
            if (isRole(data.optionValue)) set({ role: data.optionValue })
          }}
        >
          {Object.entries(ROLES).map(([role, label]) => (
            <Option key={role} value={role}>
              {label}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <div>
        <Button type="submit" appearance="primary" disabled={!ready || add.isPending}>
          Add user
        </Button>
      </div>
    </form>
  )
}
