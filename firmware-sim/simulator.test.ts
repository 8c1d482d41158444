import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { SiteFileSchema, toSimulatedSlots } from './estate.ts'
import { fieldOf } from './firmware/device.ts'
import { createSimulator } from './simulator.ts'
import type { Store } from './store.ts'
import { openStore } from './store.ts'
import { createRandom } from './world/random.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const site = SiteFileSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, 'sites/demo.json'), 'utf8')),
)
const START_MS = Date.UTC(2026, 0, 1)
const TICK_MS = 500
const OFF_MS = 15_000
const RUN_MS = 100_000
const OCCUPIED_NT = 900
const VACANT_NT = 600
/** What the vehicle in the next section may add, and one sample: how far a sensor's word may be from the truth. */
const TOLERANCE_MS = 3_000

type Stay = {
  readonly id: string
  readonly sections: readonly string[]
  readonly vehicle: string
  readonly fromMs: number
  readonly toMs: number
  readonly open?: boolean
}

const start = (store: Store, seed: number, startWallMs: number) =>
  createSimulator({
    site,
    store,
    openPort: () => ({ write: () => undefined, unsentBytes: () => 0, close: async () => undefined }),
    time: undefined,
    seed,
    heartbeatMs: 1_000,
    arrivalsPerHour: 1_800,
    dwellMs: 20_000,
    momentScale: 1,
    headingOffsetDegrees: 0,
    startWallMs,
  })

/** Runs the estate and kills it at seeded moments: every stay of the ledger, and every frame that was made. */
const runKilled = async (seed: number, kills: number) => {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  folders.push(folder)
  const ledger = join(folder, 'ledger.ndjson')
  const random = createRandom(`${seed}/kills`)
  let wallMs = START_MS
  for (let life = 0; life <= kills; life++) {
    const store = openStore(folder, ledger)
    const simulator = await start(store, seed, wallMs)
    const untilMs = wallMs + RUN_MS * (0.5 + random())
    for (; wallMs < untilMs; wallMs += TICK_MS) simulator.tick(wallMs)
    // Nothing is said farewell to: the file is closed and that is all.
    store.close()
    wallMs += OFF_MS
  }
  return { ...readBack(folder, ledger), endMs: wallMs }
}

/** Every stay of a ledger as it was last told, and every frame. */
const readBack = (folder: string, ledger: string) => {
  const lines = readFileSync(ledger, 'utf8')
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as { kind: string; device: string; boot: number; seq: number; timeMs: number },
    )
  const stays = new Map(
    lines.flatMap((line) =>
      line.kind === 'stay' ? [[(line as unknown as Stay).id, line as unknown as Stay]] : [],
    ),
  )
  const db = new DatabaseSync(join(folder, 'simulator.sqlite'))
  const bodies = new Map(
    db
      .prepare('SELECT device, boot, sequence, body FROM frame')
      .all()
      .map((row) => [
        `${String(row['device'])}/${Number(row['boot'])}/${Number(row['sequence'])}`,
        String(row['body']),
      ]),
  )
  db.close()
  const frames = lines.flatMap(({ kind, device, boot, seq, timeMs }) => {
    const body = bodies.get(`${device}/${boot}/${seq}`)
    return kind === 'reading' && body !== undefined ? [{ device, timeMs, field: fieldOf(body) }] : []
  })
  return { stays: [...stays.values()], frames }
}

const residualNt = (field: readonly number[], empty: readonly number[]): number =>
  Math.hypot(...field.map((nt, axis) => nt - empty[axis]!))

/** How long a section was occupied between two moments, by its sensors' words alone. */
const occupiedMs = (
  frames: Awaited<ReturnType<typeof runKilled>>['frames'],
  section: string,
  fromMs: number,
  toMs: number,
): number => {
  const slots = toSimulatedSlots(site.layout, 0).filter((slot) => slot.section === section)
  const occupied = new Set<string>()
  let lastMs = fromMs
  let sumMs = 0
  for (const { device, timeMs, field } of frames) {
    const slot = slots.find((one) => one.device === device)
    if (slot === undefined) continue
    const atMs = Math.min(toMs, Math.max(fromMs, timeMs))
    if (occupied.size > 0) sumMs += atMs - lastMs
    lastMs = atMs
    if (residualNt(field, slot.emptyFieldNt) >= (occupied.has(device) ? VACANT_NT : OCCUPIED_NT))
      occupied.add(device)
    else occupied.delete(device)
  }
  return sumMs
}

/** Hours of a whole estate take their time on a busy machine. */
const WITHIN_MS = 120_000

test(
  'the ledger and the sensors agree on how long each vehicle stood, whenever the world was killed',
  async () => {
    let checked = 0
    for (let seed = 1; seed <= 8; seed++) {
      const { stays, frames, endMs } = await runKilled(seed, 4)
      frames.sort((a, b) => a.timeMs - b.timeMs)
      for (const stay of stays) {
        if (stay.vehicle === 'two-wheeler' || stay.toMs > endMs - OFF_MS - 5_000) continue
        const [section] = stay.sections
        const seenMs = occupiedMs(frames, section!, stay.fromMs - 10_000, stay.toMs + 10_000)
        expect(
          Math.abs(seenMs - (stay.toMs - stay.fromMs)),
          `seed ${seed}, ${stay.id}: stood ${stay.toMs - stay.fromMs} ms, seen ${seenMs} ms`,
        ).toBeLessThanOrEqual(TOLERANCE_MS)
        checked++
      }
    }
    expect(checked).toBeGreaterThan(100)
  },
  WITHIN_MS,
)

test(
  'wherever the last word before a standstill is that something stands, the ledger has an open stay',
  async () => {
    let checked = 0
    for (let seed = 1; seed <= 20; seed++) {
      const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
      folders.push(folder)
      const ledger = join(folder, 'ledger.ndjson')
      const store = openStore(folder, ledger)
      const simulator = await start(store, seed, START_MS)
      const endMs = START_MS + RUN_MS + seed * 130
      for (let wallMs = START_MS; wallMs < endMs; wallMs += TICK_MS) simulator.tick(wallMs)
      simulator.standStill(endMs)
      store.close()
      const { stays, frames } = readBack(folder, ledger)
      const open = stays.filter((stay) => stay.open === true).flatMap(({ sections }) => sections)
      const lastField = new Map(frames.map(({ device, field }) => [device, field]))
      for (const { device, section, emptyFieldNt } of toSimulatedSlots(site.layout, 0)) {
        const field = lastField.get(device)
        if (field === undefined || residualNt(field, emptyFieldNt) < OCCUPIED_NT) continue
        expect(open, `seed ${seed}, ${section}`).toContain(section)
        checked++
      }
    }
    expect(checked).toBeGreaterThan(100)
  },
  WITHIN_MS,
)
