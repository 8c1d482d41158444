import type { Layout } from '@clearlane/protocol'
import { LayoutDraftSchema } from '@clearlane/protocol'

/** A layout being edited, kept on the device until it is saved; `baseVersion` is the version it was made from. */
export type Draft = { readonly baseVersion: number; readonly layout: Layout }
/** Where text is kept on the device; `localStorage` is one. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const KEPT_AS = 'clearlane.layout-draft'

/** What was kept last, if it can still be read. */
export const readDraft = (store: Store): Draft | undefined => {
  try {
    const kept: unknown = JSON.parse(store.getItem(KEPT_AS) ?? 'null')
    if (typeof kept !== 'object' || kept === null || !('baseVersion' in kept) || !('layout' in kept))
      return undefined
    const layout = LayoutDraftSchema.safeParse(kept.layout)
    return typeof kept.baseVersion === 'number' && layout.success
      ? { baseVersion: kept.baseVersion, layout: layout.data }
      : undefined
  } catch {
    return undefined
  }
}

/** False where the device has no room for it: whoever typed it must be told. */
export const keepDraft = (store: Store, draft: Draft): boolean => {
  try {
    store.setItem(KEPT_AS, JSON.stringify(draft))
    return true
  } catch {
    return false
  }
}

export const forgetDraft = (store: Store): void => store.removeItem(KEPT_AS)
