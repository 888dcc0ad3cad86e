import { expect, test } from 'vitest'
import { consoleCsp } from './headers.ts'

test('the console runs its own files only, and frames nothing but a preview', () => {
  const policy = new Map(
    consoleCsp('https://recourse.example')
      .split('; ')
      .map((part) => [part.slice(0, part.indexOf(' ')), part.slice(part.indexOf(' ') + 1)]),
  )
  expect(policy.get('frame-src')).toBe('https://recourse.example/preview/')
  expect(policy.get('script-src')).toBe("'self'")
  expect(policy.get('default-src')).toBe("'self'")
  expect(policy.get('connect-src')).toBe("'self'")
  expect(policy.get('form-action')).toBe("'self'")
  for (const none of ['object-src', 'base-uri', 'frame-ancestors']) expect(policy.get(none)).toBe("'none'")
  // `child-src` would stand in for `frame-src`, and a host alone would let any page of ours be framed.
  expect(policy.has('child-src')).toBe(false)
})
