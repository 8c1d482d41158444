import type { EpisodeView, Layout } from '@clearlane/protocol'
import { getJson } from '../tools/collect.ts'

/** The address of each of the console's screens, by its name, with an episode, a slot and a device that are there. */
export const addressesOf = async (api: string): Promise<Record<string, string>> => {
  const { slots } = (await getJson(`${api}/api/v1/layout`)) as Layout
  const { items } = (await getJson(`${api}/api/v1/episodes?open=false&limit=200`)) as { items: EpisodeView[] }
  const episode = items.find((view) => view.episode.confirmed)?.episode.id ?? items[0]?.episode.id ?? ''
  const [slot] = slots
  return {
    estate: '/',
    episodes: '/episodes',
    episode: `/episodes/${episode}`,
    slot: `/slots/${slot?.id ?? ''}`,
    devices: '/devices',
    device: `/devices/${slot?.device ?? ''}`,
    gateways: '/gateways',
    layout: '/layout',
    more: '/more',
  }
}
