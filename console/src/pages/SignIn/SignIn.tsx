import { Button, Field, Input } from '@fluentui/react-components'
import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError } from '../../api/client.ts'
import { Problem } from '../../parts/Problem.tsx'
import { useSignIn } from './data.ts'
import { Front } from './Front.tsx'

export function SignIn() {
  const { to } = useSearch({ from: '/sign-in' })
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useSignIn(to)
  const wrong = signIn.error instanceof ApiError && signIn.error.status === 401
  return (
    <Front title="Sign in">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          signIn.mutate({ email: email.trim(), password })
        }}
      >
        {signIn.error ? (
          <Problem
            error={wrong ? new Error('The address or the password is not right.') : signIn.error}
            title="You are not signed in"
          />
        ) : null}
        <Field label="Email" required>
          <Input type="email" autoComplete="username" value={email} onChange={(_, data) => setEmail(data.value)} />
        </Field>
        <Field label="Password" required>
          <Input
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(_, data) => setPassword(data.value)}
          />
        </Field>
        <Button type="submit" appearance="primary" disabled={signIn.isPending || email === '' || password === ''}>
          {signIn.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
    </Front>
  )
}
