/** Named points at which a crash test may kill the server while it takes a message in. */
export const INTAKE_POINTS = [
  'intake.before-blob',
  'intake.after-blob',
  'intake.before-record',
  'intake.after-record',
  'intake.before-handover-commit',
  'intake.after-handover-commit',
  'intake.before-handover',
  'intake.after-handover',
  'intake.before-delivered-commit',
  'intake.after-delivered-commit',
  'intake.before-reply',
  'intake.after-reply',
] as const
