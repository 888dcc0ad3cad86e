export const TABS = ['analysis', 'recipients', 'timeline', 'url', 'attachments', 'headers', 'preview'] as const
export type TabKey = (typeof TABS)[number]
export const isTab = (value: unknown): value is TabKey => TABS.some((tab) => tab === value)
