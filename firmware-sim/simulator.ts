import type { DomainTime, Signal } from '@clearlane/protocol'
import { createDeframer, decodeFrame, toDomainMs, toShortId } from '@clearlane/protocol'
import type { SiteFile } from './estate.ts'
import { toSimulatedSlots } from './estate.ts'
import type { SimulatedSlot } from './estate.ts'
import type { Device } from './firmware/device.ts'
import { createDevice, fieldOf } from './firmware/device.ts'
import type { Port, PortEvents } from './links/port.ts'
import type { Visit } from './scenario/visits.ts'
import { MOVING_MS, placeOf, PULLING_MS, visitsOf } from './scenario/visits.ts'
import type { Store, Tick } from './store.ts'
import { PARTS, readField, temperatureAt } from './world/sensor.ts'
import { createRandom, hash } from './world/random.ts'
import { addVehicle } from './world/vehicle.ts'

/** The whole estate in software: world, devices, and the wire to the gateway. Time comes from outside. */
export type Simulator = {
  /** Moves the world to a wall time, writes what happened, then sends what is due. */
  tick(wallMs: number): void
  /** From now on the world stands still, with stays that are open; what is unacknowledged is still sent. */
  standStill(wallMs: number): void
  unacknowledged(): number
}

export type SimulatorOptions = {
  readonly site: SiteFile
  readonly store: Store
  readonly openPort: (events: PortEvents) => Promise<Port> | Port
  readonly time: DomainTime | undefined
  readonly seed: number
  readonly heartbeatMs: number
  readonly arrivalsPerHour: number
  readonly dwellMs: number
  readonly momentScale: number
  readonly headingOffsetDegrees: number
  readonly startWallMs: number
}

const SAMPLE_MS = 1_000
/** A vehicle farther away than this is not felt. */
const FELT_M = 16
/** After a movement the device samples once more before it is sure. */
const SETTLE_MS = 2 * SAMPLE_MS
/** The shipped thresholds: what whoever judges takes for a vehicle that has come, and for one that has gone. */
const OCCUPIED_NT = 900
const VACANT_NT = 600
const MAX_UNSENT_BYTES = 256 * 1024

type Section = { readonly visits: Generator<Visit>; current: Visit; next: Visit; readonly lane: string }
/** What happened in the world up to a time. */
type Happened = Pick<Tick, 'worldMs' | 'frames' | 'lines'>
type Sensor = {
  readonly slot: SimulatedSlot
  readonly device: Device
  readonly phaseMs: number
  sampledMs: number
  readonly near: Section[]
}

export const createSimulator = async (options: SimulatorOptions): Promise<Simulator> => {
  const { site, store, seed, heartbeatMs, arrivalsPerHour, dwellMs, momentScale, headingOffsetDegrees } =
    options
  const domainMs = (wallMs: number): number =>
    Math.floor(options.time === undefined ? wallMs : toDomainMs(options.time, wallMs))
  const startMs = domainMs(options.startWallMs)
  let worldMs = store.worldMs ?? 0
  /** The world stood still while nobody ran it: domain time is world time and the time it was off. */
  const offsetMs = startMs - worldMs
  let isStill = false
  const standing = new Map(store.standing)

  const slots = toSimulatedSlots(site.layout, headingOffsetDegrees)
  const sections = new Map<string, Section>()
  for (const section of site.layout.sections) {
    const slot = slots.find((one) => one.section === section.id)
    if (slot === undefined) continue
    const visits = visitsOf({
      seed,
      section: section.id,
      fromM: section.fromM,
      toM: section.toM,
      earthInLane: slot.emptyFieldNt,
      momentScale,
      arrivalsPerHour: arrivalsPerHour / site.layout.sections.length,
      dwellMs,
      sensorsM: slots.flatMap((one) => (one.section === section.id ? [one.offsetM] : [])),
    })
    const entry: Section = {
      visits,
      current: visits.next().value as Visit,
      next: visits.next().value as Visit,
      lane: section.lane,
    }
    sections.set(section.id, entry)
    while (entry.current.toMs + MOVING_MS + SETTLE_MS < worldMs) step(entry)
  }
  function step(section: Section): void {
    standing.delete(section.current.id)
    section.current = section.next
    section.next = section.visits.next().value as Visit
  }

  const sensors: Sensor[] = slots.map((slot) => {
    const stored = store.devices.get(slot.device)
    return {
      slot,
      device: createDevice({
        device: slot.device,
        boot: (stored?.boot ?? 0) + 1,
        clockErrorMs: stored?.clockErrorMs,
        ring: stored?.ring ?? [],
        bootedMs: startMs,
        heartbeatMs,
        part: PARTS[site.part].code,
        signal: signalOf(`${seed}/${slot.device}`),
        speed: options.time?.speed ?? 1,
      }),
      phaseMs: hash(slot.device) % SAMPLE_MS,
      sampledMs: worldMs,
      near: site.layout.sections
        .filter(
          (section) =>
            section.lane === slot.lane &&
            section.toM > slot.offsetM - FELT_M &&
            section.fromM < slot.offsetM + FELT_M,
        )
        .flatMap((section) => sections.get(section.id) ?? []),
    }
  })

  /** A stay began in domain time, perhaps before the simulator was off for a while: the vehicle stood on. */
  const toStayLine = ({ id, section, vehicle, fromMs }: Visit, toMs: number) => ({
    kind: 'stay',
    id,
    sections: [section],
    vehicle: vehicle.kind,
    fromMs: standing.get(id) ?? fromMs + offsetMs,
    toMs,
  })

  /** Whether the last word of a section's sensors was that something stands there. */
  const wasReported = (section: string, thresholdNt: number): boolean =>
    slots.some((slot) => {
      const body = store.devices.get(slot.device)?.newest
      if (slot.section !== section || body === undefined) return false
      const [x, y, z] = fieldOf(body)
      const [emptyX, emptyY, emptyZ] = slot.emptyFieldNt
      return Math.hypot(x - emptyX, y - emptyY, z - emptyZ) >= thresholdNt
    })
  /**
   * A vehicle caught between two samples or between road and place stood there while the world stood still, if its
   * sensors had said so; otherwise it comes, or has gone, when the world goes on.
   */
  const stoodStill =
    store.worldMs === undefined
      ? []
      : [...sections].flatMap(([section, { current }]) => {
          const { id, fromMs, toMs } = current
          if (worldMs > fromMs - PULLING_MS && worldMs < fromMs + SAMPLE_MS) {
            const isReported = wasReported(section, OCCUPIED_NT)
            if (!isReported) standing.set(id, startMs)
            else if (!standing.has(id)) standing.set(id, store.domainMs)
          }
          const isLeaving = worldMs > toMs && worldMs < toMs + PULLING_MS + SAMPLE_MS
          return isLeaving && wasReported(section, VACANT_NT) ? [toStayLine(current, startMs)] : []
        })
  const toStored = ({ device }: Sensor): Tick['devices'][number] => ({
    device: device.device,
    boot: device.boot,
    clockErrorMs: device.clockErrorMs(),
  })
  store.commit({
    worldMs,
    domainMs: startMs,
    standing,
    devices: sensors.map(toStored),
    frames: [],
    freed: [],
    lines: stoodStill,
  })

  const byShortId = new Map(sensors.map((sensor) => [toShortId(sensor.slot.device), sensor]))
  let freed: { device: string; boot: number; below: number }[] = []
  const clocksSet = new Set<Sensor>()
  let wallNowMs = options.startWallMs
  const outgoing: Uint8Array[] = []
  let deframer = createDeframer()
  const port = await options.openPort({
    onConnect: () => {
      deframer = createDeframer()
      for (const { device } of sensors) outgoing.push(...device.connect(wallNowMs))
    },
    onDisconnect: () => {
      outgoing.length = 0
      for (const { device } of sensors) device.disconnect()
    },
    onBytes: (bytes) =>
      deframer.push(
        bytes,
        (encoded) => {
          const decoded = decodeFrame(encoded)
          if (!decoded.ok || decoded.value.kind !== 'ack') return
          const sensor = byShortId.get(decoded.value.shortId)
          if (sensor === undefined) return
          const { device } = sensor
          const before = device.clockErrorMs()
          const below = device.acknowledge(decoded.value, isStill ? worldMs + offsetMs : domainMs(Date.now()))
          if (below !== undefined) freed.push({ device: device.device, ...below })
          if (device.clockErrorMs() !== before) clocksSet.add(sensor)
        },
        () => undefined,
      ),
  })

  const fieldAt = (sensor: Sensor, atWorldMs: number): [number, number, number] => {
    const sum: [number, number, number] = [...sensor.slot.emptyFieldNt]
    for (const section of sensor.near) {
      for (const visit of [section.current, section.next]) {
        const place = placeOf(visit, atWorldMs)
        if (place !== undefined)
          addVehicle(sum, visit.vehicle, place.alongM, place.acrossM, sensor.slot.offsetM)
      }
    }
    return sum
  }
  const isMoving = (sensor: Sensor, atWorldMs: number): boolean =>
    sensor.near.some(({ current, next }) =>
      [current, next].some(
        ({ fromMs, toMs }) =>
          (atWorldMs >= fromMs - MOVING_MS && atWorldMs <= fromMs + SETTLE_MS) ||
          (atWorldMs >= toMs && atWorldMs <= toMs + MOVING_MS + SETTLE_MS),
      ),
    )

  /** Everything that happens up to a world time, in time order for each device. */
  const advance = (toMs: number): Happened => {
    const frames: Tick['frames'][number][] = []
    const readings: { readonly atMs: number; readonly line: object }[] = []
    for (const sensor of sensors) {
      const { device, slot, phaseMs } = sensor
      const first = sensor.sampledMs - ((sensor.sampledMs - phaseMs) % SAMPLE_MS) + SAMPLE_MS
      for (let at = first; at <= toMs; at += SAMPLE_MS) {
        sensor.sampledMs = at
        const atMs = at + offsetMs
        if (!device.wantsSample(atMs) && !isMoving(sensor, at)) continue
        const temperatureC = temperatureAt(atMs)
        const field = readField(
          site.part,
          `${seed}/${slot.device}`,
          Math.floor(at / SAMPLE_MS),
          fieldAt(sensor, at),
          temperatureC,
        )
        const entry = device.sample(field, temperatureC, atMs)
        if (entry === undefined) continue
        frames.push({ device: slot.device, boot: entry.boot, sequence: entry.sequence, body: entry.body })
        readings.push({
          atMs,
          line: {
            kind: 'reading',
            device: slot.device,
            boot: entry.boot,
            seq: entry.sequence,
            timeMs: entry.timeMs,
          },
        })
      }
    }
    const stays: object[] = []
    const look = ({ current }: Section): void => {
      const { id, fromMs, toMs: leftMs } = current
      if (fromMs > worldMs && fromMs <= toMs && !standing.has(id)) standing.set(id, fromMs + offsetMs)
      if (leftMs <= worldMs || leftMs > toMs) return
      stays.push(toStayLine(current, leftMs + offsetMs))
    }
    for (const section of sections.values()) {
      look(section)
      while (section.current.toMs + MOVING_MS + SETTLE_MS < toMs) {
        step(section)
        look(section)
      }
    }
    readings.sort((a, b) => a.atMs - b.atMs)
    return { worldMs: toMs, frames, lines: [...stays, ...readings.map(({ line }) => line)] }
  }

  const commit = (tick: Happened): void => {
    store.commit({
      ...tick,
      domainMs: tick.worldMs + offsetMs,
      standing,
      devices: [...clocksSet].map(toStored),
      freed,
    })
    clocksSet.clear()
    freed = []
    worldMs = tick.worldMs
  }

  return {
    tick: (wallMs) => {
      wallNowMs = wallMs
      if (isStill) commit({ worldMs, frames: [], lines: [] })
      else commit(advance(Math.max(worldMs, domainMs(wallMs) - offsetMs)))
      for (const { device } of sensors) outgoing.push(...device.poll(wallMs, worldMs + offsetMs))
      while (outgoing.length > 0 && port.unsentBytes() < MAX_UNSENT_BYTES) port.write(outgoing.shift()!)
    },
    standStill: (wallMs) => {
      if (isStill) return
      const tick = advance(Math.max(worldMs, domainMs(wallMs) - offsetMs))
      // What a sensor said of a vehicle in motion stays its last word, so such a vehicle may look as if it stood.
      const open = [...sections.values()]
        .map((section) => section.current)
        .filter(
          ({ fromMs, toMs }) =>
            fromMs - PULLING_MS <= tick.worldMs && toMs + PULLING_MS + SAMPLE_MS > tick.worldMs,
        )
        .map((visit) => {
          const line = toStayLine(visit, tick.worldMs + offsetMs)
          return { ...line, fromMs: Math.min(line.fromMs, line.toMs), open: true }
        })
      commit({ ...tick, lines: [...tick.lines, ...open] })
      isStill = true
    },
    unacknowledged: () => sensors.reduce((sum, { device }) => sum + device.unacknowledged(), 0),
  }
}

/** How far from the gateway a device stands, drawn once: strengths and noise as LoRa has them within an estate. */
const signalOf = (name: string): Signal => {
  const random = createRandom(`${name}/signal`)
  return { rssiDbm: -60 - 50 * random(), snrDb: 10 - 15 * random() }
}
