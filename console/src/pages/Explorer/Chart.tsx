import { tokens } from '@fluentui/react-components'
import { BarChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { type EChartsType, init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import type { Histogram } from '../../api/types.ts'
import { useTheme } from '../../shell/theme.tsx'
import { wordFor } from '../../words.ts'

use([BarChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer])

interface Props {
  readonly data: Histogram
  readonly words: Readonly<Record<string, string>>
  readonly onRange: (from: string, to: string) => void
}

/** Stacked bars over time; a click on a bar narrows the time range to it. `HistogramTable` is its text. */
export default function Chart(props: Props) {
  const { dark } = useTheme()
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType>(null)
  const latest = useRef(props)
  latest.current = props
  useEffect(() => {
    if (!box.current) return
    const made = init(box.current)
    chart.current = made
    const resized = new ResizeObserver(() => made.resize())
    resized.observe(box.current)
    made.on('click', (event) => {
      const at = Array.isArray(event.value) ? event.value[0] : null
      if (typeof at !== 'number') return
      const step = latest.current.data.bucket === 'day' ? 86_400_000 : 3_600_000
      latest.current.onRange(new Date(at).toISOString(), new Date(at + step).toISOString())
    })
    return () => {
      resized.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [])
  useEffect(() => {
    if (box.current) chart.current?.setOption(optionOf(props, dark, box.current), { notMerge: true })
  }, [props, dark])
  return <div ref={box} className="chart" role="img" aria-label={describe(props)} />
}

function describe({ data, words }: Props): string {
  const sums = data.series.map((s) => `${wordFor(words, s.key)} ${s.points.reduce((sum, p) => sum + p.count, 0)}`)
  return `Recipient copies per ${data.bucket}: ${sums.join(', ') || 'none'}. The button As table shows the numbers.`
}

const LIGHT: Readonly<Record<string, string>> = {
  delivered: '#2b7a4b',
  junked: '#c08400',
  blocked: '#b3363a',
  pending: '#5c6f82',
  none: '#2b7a4b',
  inbox: '#2b7a4b',
  folder: '#4f9a6b',
  junk: '#c08400',
  quarantine: '#b3363a',
  '(others)': '#8a8f98',
  '(none)': '#5c6f82',
}
const DARK: Readonly<Record<string, string>> = {
  delivered: '#5db37e',
  junked: '#e0b04a',
  blocked: '#e0757a',
  pending: '#93a4b5',
  none: '#5db37e',
  inbox: '#5db37e',
  folder: '#8ccba4',
  junk: '#e0b04a',
  quarantine: '#e0757a',
  '(others)': '#8a8f98',
  '(none)': '#93a4b5',
}
const OTHERS = [
  '#2f6db5',
  '#8a4fb0',
  '#b3363a',
  '#c08400',
  '#0f7d86',
  '#8c5a2b',
  '#a3487e',
  '#4c8b2b',
  '#5a5fc7',
  '#b86b00',
]

function optionOf({ data, words }: Props, dark: boolean, element: HTMLElement) {
  // Canvas knows no variables: the theme's values are read from the element.
  const style = getComputedStyle(element)
  const colour = (token: string) => style.getPropertyValue(token.slice(4, -1)).trim()
  const text = colour(tokens.colorNeutralForeground2)
  const line = colour(tokens.colorNeutralStroke2)
  const font = colour(tokens.fontFamilyBase)
  return {
    animation: false,
    textStyle: { fontFamily: font },
    grid: { left: 8, right: 12, top: 30, bottom: 4, containLabel: true },
    legend: {
      // Many domains or addresses: the legend is leafed through, on one line.
      ...{ type: 'scroll', pageIconColor: text, pageIconInactiveColor: line, pageTextStyle: { color: text } },
      ...{ top: 0, left: 8, right: 12, itemWidth: 10, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
    },
    // Text drawn on the canvas: nothing of it is ever read as HTML.
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      backgroundColor: colour(tokens.colorNeutralBackground1),
      borderColor: line,
      textStyle: { color: text, fontSize: 12 },
    },
    xAxis: {
      type: 'time',
      minInterval: data.bucket === 'day' ? 86_400_000 : 3_600_000,
      axisLabel: { color: text, hideOverlap: true, fontSize: 11 },
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      axisLabel: { color: text, fontSize: 11 },
      splitLine: { lineStyle: { color: line } },
    },
    series: data.series.map((s, i) => ({
      type: 'bar',
      stack: 'all',
      name: wordFor(words, s.key),
      barMaxWidth: 26,
      barMinWidth: 2,
      itemStyle: { color: (dark ? DARK : LIGHT)[s.key] ?? OTHERS[i % OTHERS.length] },
      data: s.points.map((p) => [Date.parse(p.at), p.count]),
    })),
  }
}
