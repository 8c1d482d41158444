import type { DeviceView } from '@clearlane/protocol'

/** What can be wrong with a device, the worst first: what stands further up hides what stands below it. */
export const TROUBLES = ['never-heard', 'silent', 'gateway-gone', 'low-battery', 'weak', 'losses'] as const
export type Trouble = (typeof TROUBLES)[number]

/** A LoRa receiver still hears some 10 to 20 dB below this; rain and a parked car cost as much. */
const WEAK_BELOW_DBM = -115
export const isWeak = (rssiDbm: number): boolean => rssiDbm < WEAK_BELOW_DBM

/** What is wrong with a device now. `silenceAfterMs` is the rules' limit, behind which its slot is unknown. */
export const findTroubles = (device: DeviceView, nowMs: number, silenceAfterMs: number): Trouble[] => {
  const { lastHeardMs, isGatewayConnected, lowBattery, rssiDbm, missing } = device
  const is: Readonly<Record<Trouble, boolean>> = {
    'never-heard': lastHeardMs === undefined,
    silent: lastHeardMs !== undefined && nowMs - lastHeardMs > silenceAfterMs,
    'gateway-gone': !isGatewayConnected,
    'low-battery': lowBattery,
    weak: rssiDbm !== undefined && isWeak(rssiDbm),
    losses: missing > 0,
  }
  return TROUBLES.filter((trouble) => is[trouble])
}

export type Judged = { readonly device: DeviceView; readonly troubles: readonly Trouble[] }

/** Worst first; of equally bad ones who has been unheard the longest; then by place. */
export const sortWorstFirst = (all: readonly Judged[]): Judged[] => {
  const rank = ({ troubles: [worst] }: Judged): number =>
    worst === undefined ? TROUBLES.length : TROUBLES.indexOf(worst)
  const heardMs = ({ device, troubles }: Judged): number =>
    troubles.length === 0 ? 0 : (device.lastHeardMs ?? 0)
  return [...all].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      heardMs(a) - heardMs(b) ||
      (a.device.slot < b.device.slot ? -1 : a.device.slot > b.device.slot ? 1 : 0),
  )
}
