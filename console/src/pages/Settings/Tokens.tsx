import {
  Button,
  Checkbox,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Spinner,
} from '@fluentui/react-components'
import { useState } from 'react'
import { useSession } from '../../api/session.ts'
import type { Permission, TokenRow } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { RemoveButton } from '../../parts/RemoveButton.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { Time } from '../../parts/Time.tsx'
import { addToken, removeToken, useChange, useTokens } from './data.ts'

export function Tokens() {
  const tokens = useTokens()
  const remove = useChange('tokens', removeToken)
  return (
    <>
      {tokens.error ? <Problem error={tokens.error} onRetry={() => void tokens.refetch()} /> : null}
      {remove.error ? <Problem error={remove.error} title="The token was not removed" /> : null}
      <Card title="API tokens">
        {tokens.data ? (
          <TokenTable tokens={tokens.data.items} onRemove={(id) => remove.mutate(id)} />
        ) : tokens.error ? null : (
          <Spinner size="small" label="Loading" />
        )}
      </Card>
      <Card title="Add a token">
        <AddToken />
      </Card>
    </>
  )
}

function TokenTable({ tokens, onRemove }: { tokens: readonly TokenRow[]; onRemove: (id: string) => void }) {
  if (tokens.length === 0) return <span className="muted">No token yet.</span>
  return (
    <ScrollRegion label="API tokens">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Permissions</th>
            <th scope="col">Created</th>
            <th scope="col">Last used</th>
            <th scope="col">
              <span className="hidden-visually">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <td>
                <SafeText text={token.name} max={100} />
              </td>
              <td className="mono">{token.permissions.join(', ')}</td>
              <td>
                <Time at={token.createdAt} />
              </td>
              <td>
                <Time at={token.lastUsedAt} />
              </td>
              <td>
                <RemoveButton what={token.name} onRemove={() => onRemove(token.id)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

/** A token can hold at most what its maker holds. */
function AddToken() {
  const mine = useSession()?.permissions ?? []
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<readonly Permission[]>([])
  const add = useChange('tokens', addToken)
  return (
    <form
      className="stack form"
      onSubmit={(event) => {
        event.preventDefault()
        add.mutate(
          { name: name.trim(), permissions: [...chosen] },
          {
            onSuccess: () => {
              setName('')
              setChosen([])
            },
          },
        )
      }}
    >
      {add.error ? <Problem error={add.error} title="The token was not made" /> : null}
      {add.data ? (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody className="wrap">
            <MessageBarTitle>Copy it now: it is not shown again</MessageBarTitle>
            <code className="mono">{add.data.token}</code>
          </MessageBarBody>
        </MessageBar>
      ) : null}
      <Field label="Name" required hint="What will use it.">
        <Input value={name} autoComplete="off" onChange={(_, data) => setName(data.value)} />
      </Field>
      <fieldset className="bare permissions">
        <legend>Permissions</legend>
        {mine.map((permission) => (
          <Checkbox
            key={permission}
            label={permission}
            checked={chosen.includes(permission)}
            onChange={(_, data) =>
              setChosen(data.checked ? [...chosen, permission] : chosen.filter((p) => p !== permission))
            }
          />
        ))}
      </fieldset>
      <div>
        <Button
          type="submit"
          appearance="primary"
          disabled={name.trim() === '' || chosen.length === 0 || add.isPending}
        >
          Make token
        </Button>
      </div>
    </form>
  )
}
