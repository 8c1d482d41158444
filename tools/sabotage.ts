import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Damage done to a stopped platform's files, to see that the verdict notices. */
export const SABOTAGES = ['drop-reading', 'double-reading', 'drop-episode', 'false-episode'] as const
export type Sabotage = (typeof SABOTAGES)[number]

export const isSabotage = (text: string): text is Sabotage => SABOTAGES.some((one) => one === text)

export const sabotage = (kind: Sabotage, platformDir: string): void => {
  switch (kind) {
    case 'drop-reading':
      return editReadings(platformDir, (rows) => rows.slice(1))
    case 'double-reading':
      return editReadings(platformDir, (rows) => [...rows, rows[0]])
    case 'drop-episode':
      return editEpisodes(platformDir, (db, { id }) => db.prepare('DELETE FROM episode WHERE id = ?').run(id))
    case 'false-episode':
      return editEpisodes(platformDir, (db, { id, startMs, text }) => {
        const view = JSON.parse(text) as { episode: Record<string, unknown> }
        const shiftMs = 90 * 86_400_000
        const moved = (name: string) => ({ [name]: Number(view.episode[name] ?? startMs) - shiftMs })
        const episode = {
          ...view.episode,
          id: `${id}-x`,
          end: 'cleared',
          ...moved('detectedMs'),
          ...moved('confirmedMs'),
          ...moved('endedMs'),
        }
        db.prepare('INSERT INTO episode SELECT ?, 0, row, ? FROM episode WHERE id = ?').run(
          `${id}-x`,
          JSON.stringify({ ...view, episode }),
          id,
        )
        db.prepare(
          'INSERT INTO listed SELECT place, startMs - ?, ?, lane, state, confirmed FROM listed WHERE id = ?',
        ).run(shiftMs, `${id}-x`, id)
      })
  }
}

const editReadings = (platformDir: string, edit: (rows: unknown[]) => unknown[]): void => {
  const db = new DatabaseSync(join(platformDir, 'log.sqlite'))
  const row = db
    .prepare("SELECT position, text FROM entry WHERE channel = 'readings' ORDER BY length(text) DESC LIMIT 1")
    .get()
  if (row === undefined) throw new Error('there is no reading to damage')
  const rows = JSON.parse(String(row['text'])) as unknown[]
  db.prepare('UPDATE entry SET text = ? WHERE position = ?').run(
    JSON.stringify(edit(rows)),
    Number(row['position']),
  )
  db.close()
}

const editEpisodes = (
  platformDir: string,
  edit: (
    db: DatabaseSync,
    episode: { readonly id: string; readonly startMs: number; readonly text: string },
  ) => unknown,
): void => {
  const db = new DatabaseSync(join(platformDir, 'episodes.sqlite'))
  const confirmed = db
    .prepare(
      "SELECT id, startMs, text FROM listed JOIN episode USING (id) WHERE place = '' AND open = 0 ORDER BY startMs",
    )
    .all()
    .map((row) => ({ id: String(row['id']), startMs: Number(row['startMs']), text: String(row['text']) }))
    .filter(({ text }) => (JSON.parse(text) as { episode: { confirmed: boolean } }).episode.confirmed)
  // One in the middle: the first and the last may belong to stays that are not scored.
  const episode = confirmed[Math.floor(confirmed.length / 2)]
  if (episode === undefined) throw new Error('there is no confirmed episode to damage')
  edit(db, episode)
  db.close()
}
