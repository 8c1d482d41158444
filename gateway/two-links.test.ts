import { createRefusals, encodeFrame, toShortId } from '@clearlane/protocol'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { createDevices } from './devices.ts'
import { startGateway } from './gateway.ts'
import { createLinkStates } from './health/link-states.ts'
import { createUnknownDevices } from './health/unknown-devices.ts'
import type { LinkEvent } from './links/link.ts'
import { createFolder, DEVICES, EMPTY, layout, open, rules, settle, START_MS, told } from './testing-house.ts'

const READINGS = 100
const EVERY_MS = 10_000
const ALLOWANCE_MS = 300_000
/** Seconds during which a vehicle stands over each of the two sensors. */
const STAYS = [
  [
    [100, 300],
    [500, 540],
  ],
  [
    [220, 290],
    [600, 900],
  ],
] as const

type Sent = { readonly bytes: Uint8Array; readonly atMs: number }
const SENT: readonly Sent[] = DEVICES.flatMap((device, index) =>
  Array.from({ length: READINGS }, (_, sequence) => {
    const atMs = START_MS + sequence * EVERY_MS + index
    const occupied = STAYS[index]!.some(
      ([from, to]) => atMs >= START_MS + from * 1_000 && atMs < START_MS + to * 1_000,
    )
    const bytes = encodeFrame({
      kind: 'state',
      shortId: toShortId(device),
      boot: 1,
      sequence,
      timeMs: atMs,
      clockSynced: true,
      ackWanted: true,
      retransmission: false,
      backfill: false,
      presence: 'unknown',
      trigger: 'change',
      confidence: 0,
      ...EMPTY,
      zNt: EMPTY.zNt + (occupied ? 8_000 : 0),
      temperatureC: 20,
      batteryMv: 3_600,
      health: 1,
      tlvs: [],
    })
    return { bytes, atMs }
  }),
)

type Arrival = { readonly sent: Sent; readonly link: 0 | 1; readonly delayMs: number }

/** The bytes through a whole gateway with two links, in the order in which they arrive; what is told in the end. */
const hear = async (arrivals: readonly Arrival[]) => {
  const house = await open(createFolder())
  const ports = [new Subject<LinkEvent>(), new Subject<LinkEvent>()] as const
  const devices = createDevices('gw')
  devices.configure(layout, rules)
  const hearing = startGateway({
    ...house,
    links: ports.map((events$, index) => ({ id: `radio-${index}`, events$ })),
    devices,
    unknown: createUnknownDevices(),
    refusals: createRefusals({
      nowMs: house.clock.nowMs,
      monotonicMs: () => 0,
      log: ({ reason, sample }) => expect.unreachable(`${reason}: ${sample}`),
    }),
    linkStates: createLinkStates(['radio-0', 'radio-1'], house.clock.nowMs, () => undefined),
  })
  for (const port of ports) port.next({ kind: 'open', send: () => undefined })
  const ordered = arrivals
    .map(({ sent, link, delayMs }) => ({ sent, link, heardMs: sent.atMs + delayMs }))
    .sort((a, b) => a.heardMs - b.heardMs)
  for (const { sent, link, heardMs } of ordered) {
    house.passTo(heardMs)
    ports[link].next({ kind: 'bytes', bytes: sent.bytes })
  }
  await settle(house)
  hearing.unsubscribe()
  return { told: await told(house), readings: house.readings.committedRow() }
}

test('two links that hear everything late, out of order and twice tell what one link in order tells', async () => {
  const inOrder = await hear(SENT.map((sent) => ({ sent, link: 0, delayMs: 0 })))
  expect(inOrder.told.length).toBe(4)
  const chanceArbitrary = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))
  await fc.assert(
    fc.asyncProperty(chanceArbitrary, async (chance) => {
      const next = (): number => chance.next().value as number
      const delayMs = (): number => (next() < 0.5 ? Math.floor(next() * ALLOWANCE_MS) : 0)
      const arrivals = SENT.flatMap((sent): Arrival[] => {
        const link = next() < 0.5 ? 0 : 1
        const copies = next() < 0.3 ? ([link, 1 - link] as (0 | 1)[]) : [link as 0 | 1]
        return copies.map((one) => ({ sent, link: one, delayMs: delayMs() }))
      })
      expect(await hear(arrivals)).toEqual(inOrder)
    }),
    { numRuns: 10 },
  )
})
