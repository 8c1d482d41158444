import type { GatewayView, Status } from '@clearlane/protocol'
import { getJson } from './collect.ts'
import type { Estate } from './estate.ts'

const DRAIN_WITHIN_MS = 25_000
const SETTLED_WITHIN_MS = 30_000
const POLL_MS = 250

/**
 * The simulated world stands still; waits until everything that was said has arrived at the platform and has been
 * worked into what it shows, and nothing has changed for a while.
 */
export const drainEstate = async ({ api, child }: Estate): Promise<void> => {
  const drained = child['firmware-sim'].next('drained', DRAIN_WITHIN_MS)
  child['firmware-sim'].send({ kind: 'drain' })
  await drained
  const gateways = async (): Promise<GatewayView[]> =>
    ((await getJson(`${api}/api/v1/gateways`)) as { items: GatewayView[] }).items
  const heardMs = new Map((await gateways()).map((view) => [view.gateway, view.lastHeardWallMs]))
  const limitMs = performance.now() + SETTLED_WITHIN_MS
  let before = ''
  while (performance.now() < limitMs) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    const status = (await getJson(`${api}/api/v1/status`)) as Status
    // A health message from before the end of the drain knows nothing of the last rows.
    const isAcknowledged = (await gateways()).every(
      ({ gateway, health, lastHeardWallMs }) =>
        health !== undefined &&
        lastHeardWallMs !== heardMs.get(gateway) &&
        health.readings.acknowledgedRow >= health.readings.committedRow &&
        health.events.acknowledgedRow >= health.events.committedRow,
    )
    const isFollowed = status.projections.every((projection) => projection.lag === 0)
    // Its position moves on by itself: the platform writes a sample a minute.
    const now = JSON.stringify([status.log.readings, status.log.events])
    if (isFollowed && isAcknowledged && now === before) return
    before = now
  }
}
