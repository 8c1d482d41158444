/** "I have seen it", on its way to the server: kept on this device until the server has it. */
export type Note = { readonly episode: string; readonly by: string }

const KEPT_AS = 'clearlane.notes'
const MAX_NOTES = 200

export const recallNotes = (): readonly Note[] => {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isNote) : []
  } catch {
    return []
  }
}

/** Each change reads what is kept first: another tab may have changed it. */
export const addNotes = (notes: readonly Note[]): readonly Note[] =>
  keep([...recallNotes(), ...notes].slice(-MAX_NOTES))
export const removeNote = (episode: string): readonly Note[] =>
  keep(recallNotes().filter((note) => note.episode !== episode))

const keep = (notes: readonly Note[]): readonly Note[] => {
  localStorage.setItem(KEPT_AS, JSON.stringify(notes))
  return notes
}

const isNote = (value: unknown): value is Note =>
  typeof value === 'object' &&
  value !== null &&
  'episode' in value &&
  typeof value.episode === 'string' &&
  'by' in value &&
  typeof value.by === 'string'
