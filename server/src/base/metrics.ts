import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** The figures of one server, as Prometheus reads them. Asking twice for a name gives the same metric. */
export interface Metrics {
  readonly registry: Registry
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string>(name: string, help: string, labels?: readonly L[], collect?: () => number): Gauge<L>
  /** One value for each value of a label, asked for when somebody looks. */
  gauges<L extends string>(name: string, help: string, label: L, collect: () => ReadonlyMap<string, number>): Gauge<L>
  /** Seconds, by default from 1 ms to 60 s. */
  histogram<L extends string>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function createMetrics(options: { readonly process?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (options.process) collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const once = <T>(name: string, make: () => T, is: (metric: unknown) => metric is T): T => {
    const known: unknown = registry.getSingleMetric(name)
    return is(known) ? known : make()
  }
  return {
    registry,
    counter: <L extends string>(name: string, help: string, labels: readonly L[] = []) =>
      once(
        name,
        () => new Counter<L>({ name, help, labelNames: [...labels], registers }),
        (m): m is Counter<L> => m instanceof Counter,
      ),
    gauge: <L extends string>(name: string, help: string, labels: readonly L[] = [], collect?: () => number) =>
      once(
        name,
        () => new Gauge<L>({ name, help, labelNames: [...labels], registers, ...reading(collect) }),
        (m): m is Gauge<L> => m instanceof Gauge,
      ),
    gauges: <L extends string>(name: string, help: string, label: L, collect: () => ReadonlyMap<string, number>) =>
      once(
        name,
        () =>
          new Gauge<L>({
            name,
            help,
            labelNames: [label],
            registers,
            collect() {
              this.reset()
              for (const [value, figure] of collect()) this.labels(value).set(figure)
            },
          }),
        (m): m is Gauge<L> => m instanceof Gauge,
      ),
    histogram: <L extends string>(name: string, help: string, labels: readonly L[] = [], buckets = SECONDS) =>
      once(
        name,
        () => new Histogram<L>({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
        (m): m is Histogram<L> => m instanceof Histogram,
      ),
  }
}

/** A gauge that is asked when somebody looks. */
const reading = (value: (() => number) | undefined) =>
  value
    ? {
        collect(this: Gauge) {
          this.set(value())
        },
      }
    : {}
