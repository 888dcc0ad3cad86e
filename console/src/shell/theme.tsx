import { FluentProvider, type Theme, Toaster, webDarkTheme, webLightTheme } from '@fluentui/react-components'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'

export type ThemeChoice = 'system' | 'light' | 'dark'
const KEY = 'recourse.theme'
const FONTS =
  "'Segoe UI', -apple-system, BlinkMacSystemFont, Roboto, 'Noto Sans', 'Liberation Sans', system-ui, sans-serif"
const MONO = "Consolas, 'Cascadia Mono', 'SF Mono', 'Liberation Mono', 'DejaVu Sans Mono', monospace"

const fonts = { fontFamilyBase: FONTS, fontFamilyMonospace: MONO, fontFamilyNumeric: FONTS }
const LIGHT: Theme = { ...webLightTheme, ...fonts }
const DARK: Theme = { ...webDarkTheme, ...fonts }

interface ThemeState {
  readonly choice: ThemeChoice
  readonly dark: boolean
  readonly choose: (choice: ThemeChoice) => void
}

const ThemeContext = createContext<ThemeState>({ choice: 'system', dark: false, choose: () => undefined })
export const useTheme = (): ThemeState => useContext(ThemeContext)

export const TOASTER = 'recourse'

export function ThemeRoot({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState<ThemeChoice>(stored)
  const systemDark = useSystemDark()
  const [notices, setNotices] = useState<HTMLElement | null>(null)
  const dark = choice === 'dark' || (choice === 'system' && systemDark)
  useEffect(() => {
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light'
  }, [dark])
  const state = useMemo<ThemeState>(
    () => ({
      choice,
      dark,
      choose: (next) => {
        setChoice(next)
        try {
          localStorage.setItem(KEY, next)
        } catch {
          // Storage is off: the choice lasts as long as the page.
        }
      },
    }),
    [choice, dark],
  )
  return (
    <ThemeContext value={state}>
      <FluentProvider theme={dark ? DARK : LIGHT} className="root">
        {children}
        <section ref={setNotices} aria-label="Notices" />
        {notices ? <Toaster toasterId={TOASTER} mountNode={notices} position="bottom-end" timeout={5000} /> : null}
      </FluentProvider>
    </ThemeContext>
  )
}

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : 'system'
  } catch {
    return 'system'
  }
}

function useSystemDark(): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), [])
  const [dark, setDark] = useState(query.matches)
  useEffect(() => {
    const changed = () => setDark(query.matches)
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [query])
  return dark
}
