import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writePrivateFile } from './private-file.ts'

test('a secret is written into no link and no file that others may read', () => {
  const dir = mkdtempSync(join(tmpdir(), 'recourse-private-'))
  try {
    writeFileSync(join(dir, 'elsewhere'), 'theirs', { mode: 0o644 })
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'link'))
    writeFileSync(join(dir, 'open'), 'old', { mode: 0o644 })
    for (const name of ['link', 'open', 'new']) {
      writePrivateFile(join(dir, name), 'secret')
      expect(readFileSync(join(dir, name), 'utf8')).toBe('secret')
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
    }
    expect(readFileSync(join(dir, 'elsewhere'), 'utf8')).toBe('theirs')
    expect(readdirSync(dir).sort()).toEqual(['elsewhere', 'link', 'new', 'open'])
    expect(() => writePrivateFile(join(dir, 'none', 'x'), 'secret')).toThrow()
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
