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
