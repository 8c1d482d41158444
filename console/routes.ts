/** Every address of the console. Ids are safe in an address as they are. */
export const ROUTES = {
  estate: '/',
  episodes: '/episodes',
  episode: '/episodes/:id',
  devices: '/devices',
  device: '/devices/:device',
  slot: '/slots/:slot',
  gateways: '/gateways',
  layout: '/layout',
  more: '/more',
} as const

export const toEpisode = (id: string): string => `/episodes/${id}`
export const toDevice = (device: string): string => `/devices/${device}`
/** A slot, at a moment if one is given. */
export const toSlot = (slot: string, atMs?: number): string =>
  atMs === undefined ? `/slots/${slot}` : `/slots/${slot}?at=${atMs}`

/** Grafana's page of a slot, in the period that is shown here; it knows the way back. */
export const toGrafanaSlot = (
  grafanaUrl: string,
  { slot, language, fromMs, toMs, console }: GrafanaSlot,
): string => {
  const page = new URL(`d/clearlane-slot-${language}`, grafanaUrl.replace(/\/?$/, '/'))
  page.search = new URLSearchParams({
    'var-slot': slot,
    'var-console': console,
    from: String(fromMs),
    to: String(toMs),
  }).toString()
  return page.href
}
type GrafanaSlot = {
  readonly slot: string
  readonly language: string
  readonly fromMs: number
  readonly toMs: number
  /** The address of this console. */
  readonly console: string
}
