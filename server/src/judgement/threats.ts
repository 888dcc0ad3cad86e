/** What a message can be called, the worst first within a family; the field's words. */
export const THREATS = [
  'malware',
  'high-confidence-phish',
  'phish',
  'high-confidence-spam',
  'spam',
  'bulk',
  'spoof',
  'impersonation',
  'none',
] as const
export type Threat = (typeof THREATS)[number]
