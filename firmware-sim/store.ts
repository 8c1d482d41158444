import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * What the simulated world and its devices remember, and the ledger of the truth. One transaction a tick; the
 * ledger's lines stand in it too until they are in the file, so a kill at any moment leaves neither a frame without
 * its line nor half a line. Safe against a kill, not against a power cut: the simulator is no product.
 */
export type Store = {
  /** World position at the last tick; undefined on the very first start. */
  readonly worldMs: number | undefined
  /** Domain time at the last tick; 0 on the very first start. */
  readonly domainMs: number
  /** Domain time at which each vehicle that still stands came to a stop, by visit. */
  readonly standing: ReadonlyMap<string, number>
  readonly devices: ReadonlyMap<string, StoredDevice>
  /** Writes the tick, then the ledger. When it returns, the frames may be sent. */
  commit(tick: Tick): void
  close(): void
}
export type StoredFrame = { readonly boot: number; readonly sequence: number; readonly body: string }
export type StoredDevice = {
  readonly boot: number
  /** What its clock is set to, as its distance from domain time; undefined while it is not set. */
  readonly clockErrorMs: number | undefined
  readonly ring: StoredFrame[]
  /** Body of the last frame it made, acknowledged or not. */
  newest: string | undefined
}
export type Tick = {
  readonly worldMs: number
  readonly domainMs: number
  readonly standing: ReadonlyMap<string, number>
  /** Devices that booted, or whose clock was set. */
  readonly devices: readonly ({ readonly device: string } & Pick<StoredDevice, 'boot' | 'clockErrorMs'>)[]
  readonly frames: readonly (StoredFrame & { readonly device: string })[]
  readonly freed: readonly { readonly device: string; readonly boot: number; readonly below: number }[]
  readonly lines: readonly object[]
}

export const openStore = (dataDir: string, ledgerFile: string): Store => {
  for (const folder of [dataDir, dirname(ledgerFile)]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(join(dataDir, 'simulator.sqlite'))
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS world (id INTEGER PRIMARY KEY, worldMs INTEGER NOT NULL, domainMs INTEGER NOT NULL, standing TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS device (device TEXT PRIMARY KEY, boot INTEGER NOT NULL, clockErrorMs INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS frame (
      device TEXT, boot INTEGER, sequence INTEGER, body TEXT NOT NULL, PRIMARY KEY (device, boot, sequence)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS newest (device TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS line (position INTEGER PRIMARY KEY, text TEXT NOT NULL);
    PRAGMA user_version = 1;
  `)
  const ledger = openSync(ledgerFile, existsSync(ledgerFile) ? 'r+' : 'w+')
  let length = repairLedger(db, ledger)

  const statements = {
    world: db.prepare('INSERT OR REPLACE INTO world (id, worldMs, domainMs, standing) VALUES (1, ?, ?, ?)'),
    device: db.prepare('INSERT OR REPLACE INTO device (device, boot, clockErrorMs) VALUES (?, ?, ?)'),
    frame: db.prepare('INSERT INTO frame (device, boot, sequence, body) VALUES (?, ?, ?, ?)'),
    newest: db.prepare('INSERT OR REPLACE INTO newest (device, body) VALUES (?, ?)'),
    free: db.prepare('DELETE FROM frame WHERE device = ? AND boot = ? AND sequence < ?'),
    clear: db.prepare('DELETE FROM line'),
    line: db.prepare('INSERT INTO line (position, text) VALUES (?, ?)'),
  }
  const devices = new Map<string, StoredDevice>()
  for (const row of db.prepare('SELECT device, boot, clockErrorMs FROM device').all()) {
    devices.set(String(row['device']), {
      boot: Number(row['boot']),
      clockErrorMs: row['clockErrorMs'] === null ? undefined : Number(row['clockErrorMs']),
      ring: [],
      newest: undefined,
    })
  }
  for (const row of db.prepare('SELECT device, body FROM newest').all()) {
    const device = devices.get(String(row['device']))
    if (device !== undefined) device.newest = String(row['body'])
  }
  for (const row of db.prepare('SELECT * FROM frame ORDER BY device, boot, sequence').all()) {
    devices.get(String(row['device']))?.ring.push({
      boot: Number(row['boot']),
      sequence: Number(row['sequence']),
      body: String(row['body']),
    })
  }
  const world = db.prepare('SELECT worldMs, domainMs, standing FROM world WHERE id = 1').get()

  return {
    worldMs: world === undefined ? undefined : Number(world['worldMs']),
    domainMs: world === undefined ? 0 : Number(world['domainMs']),
    standing: new Map(
      world === undefined ? [] : (JSON.parse(String(world['standing'])) as [string, number][]),
    ),
    devices,
    commit: ({ worldMs, domainMs, standing, devices: changed, frames, freed, lines }) => {
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
      db.exec('BEGIN')
      statements.world.run(worldMs, domainMs, JSON.stringify([...standing]))
      for (const { device, boot, clockErrorMs } of changed)
        statements.device.run(device, boot, clockErrorMs ?? null)
      for (const { device, boot, sequence, body } of frames) {
        statements.frame.run(device, boot, sequence, body)
        statements.newest.run(device, body)
      }
      for (const { device, boot, below } of freed) statements.free.run(device, boot, below)
      statements.clear.run()
      if (text !== '') statements.line.run(length, text)
      db.exec('COMMIT')
      length += writeSync(ledger, text, length)
    },
    close: () => {
      db.close()
      closeSync(ledger)
    },
  }
}

/** Brings the file to what the last transaction says, and returns its length. */
const repairLedger = (db: DatabaseSync, ledger: number): number => {
  const pending = db.prepare('SELECT position, text FROM line').get()
  if (pending === undefined) return fstatSync(ledger).size
  const position = Number(pending['position'])
  const text = String(pending['text'])
  ftruncateSync(ledger, position)
  return position + writeSync(ledger, text, position)
}
