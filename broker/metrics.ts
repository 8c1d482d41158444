import type { Metrics } from '@clearlane/protocol'
import { createMetrics, METRICS, readProcess } from '@clearlane/protocol'
import type { Broker } from './broker.ts'

/** What Prometheus may know of the broker. The client library is loaded only where somebody wants it. */
export const createBrokerMetrics = async ({ stats }: Pick<Broker, 'stats'>): Promise<Metrics> =>
  createMetrics(await import('@prometheus-io/client'), METRICS.broker, {
    clearlane_broker_connected_clients: () => stats().clients,
    clearlane_broker_received_messages_total: () => stats().published,
    clearlane_broker_sent_messages_total: () => stats().forwarded,
    clearlane_broker_refusals_total: () =>
      Object.entries(stats().refusals).map(([reason, value]) => ({ labels: { reason }, value })),
    clearlane_broker_slow_subscribers_dropped_total: () => stats().dropped,
    ...readProcess({ process, performance }),
  })
