/** Places at which a crash test kills the process; each is passed once per batch. */
const STEPS = [
  'before-find',
  'after-read',
  'after-vault',
  'before-intent-commit',
  'after-intent-commit',
  'before-move',
  'after-move',
  'after-readback',
  'before-done-commit',
  'after-done-commit',
] as const

export const CRASH_POINTS: readonly string[] = [
  ...STEPS.map((s) => `remediation.${s}`),
  ...STEPS.map((s) => `undo.${s}`),
  'undo.before-append',
  'undo.after-append',
  'release.after-intent-commit',
  'release.after-handover',
]
