import type { MetricRow, MetricTable } from './table.ts'

/** The metrics of one process, as Prometheus asks for them. */
export type Metrics = { readonly contentType: string; text(): Promise<string> }

export type MetricSample<Label extends string> = {
  readonly labels: Readonly<Record<Label, string>>
  readonly value: number
}

/**
 * Where each metric of a table is read. Counters and gauges are read when somebody asks; undefined is no sample. A
 * histogram is handed the function that takes its observations.
 */
export type MetricReaders<Table extends MetricTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly kind: 'histogram' }
    ? (observe: (value: number) => void) => void
    : Table[Name] extends { readonly labels: infer Labels }
      ? () => Iterable<MetricSample<keyof Labels & string>>
      : () => number | undefined
}

/** The parts of the Prometheus client that are used. It is handed in, because this room knows no Node. */
export type MetricsLibrary<Registry> = {
  readonly Registry: new () => Registry
  readonly Counter: new (
    options: Options<Registry> & {
      readonly collect: (
        this: Collected & { inc(labels: Record<string, string>, value: number): void },
      ) => void
    },
  ) => unknown
  readonly Gauge: new (
    options: Options<Registry> & {
      readonly collect: (
        this: Collected & { set(labels: Record<string, string>, value: number): void },
      ) => void
    },
  ) => unknown
  readonly Histogram: new (options: Options<Registry> & { buckets: number[] }) => {
    observe(value: number): void
  }
}
type Options<Registry> = {
  readonly name: string
  readonly help: string
  readonly labelNames: string[]
  readonly registers: Registry[]
}
type Collected = { reset(): void; remove(): void }

export const createMetrics = <
  Table extends MetricTable,
  Registry extends { readonly contentType: string; metrics(): Promise<string> },
>(
  { Registry, Counter, Gauge, Histogram }: MetricsLibrary<Registry>,
  table: Table,
  readers: MetricReaders<Table>,
): Metrics => {
  const registry = new Registry()
  for (const [name, { kind, help, labels = {}, buckets = [] }] of Object.entries<MetricRow>(table)) {
    const options = { name, help, labelNames: Object.keys(labels), registers: [registry] }
    const reader = readers[name] as Reader
    switch (kind) {
      case 'counter':
        void new Counter({
          ...options,
          collect() {
            collect(this, reader, (own, value) => this.inc(own, value))
          },
        })
        break
      case 'gauge':
        void new Gauge({
          ...options,
          collect() {
            collect(this, reader, (own, value) => this.set(own, value))
          },
        })
        break
      case 'histogram': {
        const histogram = new Histogram({ ...options, buckets: [...buckets] })
        reader((value) => histogram.observe(value))
      }
    }
  }
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

type Reader = (observe: (value: number) => void) => number | undefined | Iterable<MetricSample<string>> | void

/** What was there is forgotten first: what is no longer there must not be exposed, and a counter only knows sums. */
const collect = (
  metric: Collected,
  read: Reader,
  enter: (labels: Record<string, string>, value: number) => void,
): void => {
  const value = read(() => undefined)
  metric.reset()
  if (typeof value === 'number') enter({}, value)
  else if (typeof value === 'object') for (const sample of value) enter(sample.labels, sample.value)
  else metric.remove()
}

/** The parts of Node that say how the process is. */
export type ProcessSource = {
  readonly process: {
    cpuUsage(): { readonly user: number; readonly system: number }
    memoryUsage(): { readonly rss: number; readonly heapUsed: number }
  }
  readonly performance: {
    readonly timeOrigin: number
    eventLoopUtilization(): { readonly active: number }
  }
}

/** Read from Node when somebody asks: the client's own collection keeps a timer of 10 ms running for it. */
export const readProcess = ({ process, performance }: ProcessSource) => ({
  process_cpu_seconds_total: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
  process_resident_memory_bytes: () => process.memoryUsage().rss,
  process_start_time_seconds: () => performance.timeOrigin / 1_000,
  nodejs_heap_size_used_bytes: () => process.memoryUsage().heapUsed,
  nodejs_eventloop_active_seconds_total: () => performance.eventLoopUtilization().active / 1_000,
})
