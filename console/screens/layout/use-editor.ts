import type { Layout, LayoutPlace, LayoutProblemKind } from '@clearlane/protocol'
import { findLayoutProblems, LayoutSchema, readLayoutPlaces } from '@clearlane/protocol'
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { tell } from '../../live/ask.ts'
import { askLayout } from '../../live/use-layout.ts'
import { diffLayouts } from './difference.ts'
import { forgetDraft, keepDraft, readDraft } from './draft.ts'
import type { Item } from './edits.ts'
import type { Clash } from './rebase.ts'
import { rebase } from './rebase.ts'

/** What is wrong, and where: as the layout's own check says, or as the platform has refused it. */
export type EditorProblem = {
  readonly kind: LayoutProblemKind | 'refused'
  readonly place: LayoutPlace
  readonly text: string
}

/** What happened to the last save. */
export type SaveState =
  | { readonly kind: 'none' | 'saving' | 'unreachable' }
  | { readonly kind: 'saved'; readonly version: number }
  | {
      readonly kind: 'refused'
      readonly code: string
      readonly message: string
      readonly problems: readonly EditorProblem[]
    }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'merged'; readonly version: number; readonly clashes: readonly Clash[] }

export type Editor = {
  readonly layout: Layout
  /** The layout that this one was made from; undefined while it could not be asked for. */
  readonly base: Layout | undefined
  readonly baseVersion: number
  readonly isChanged: boolean
  /** Whether the device has kept what is not saved. */
  readonly kept: 'nothing' | 'kept' | 'no-room'
  /** True where this was found on the device when the page was opened. */
  readonly isFound: boolean
  readonly problems: readonly EditorProblem[]
  readonly selected: Item | undefined
  readonly save: SaveState
  readonly canUndo: boolean
  select(item: Item | undefined): void
  /** Steps with one `group` in a row are undone together, as the steps of one drag are. */
  edit(
    change: (layout: Layout) => Layout,
    next?: { readonly group?: string; readonly select?: Item | undefined },
  ): void
  undo(): void
  discard(): Promise<void>
  send(by: string): Promise<void>
  /** Makes an older version the next one. */
  restore(layout: Layout, by: string): Promise<void>
  /** Puts what was changed here onto the version in force. */
  merge(): Promise<void>
}

type Loaded = { readonly base: Layout | undefined; readonly baseVersion: number; readonly layout: Layout }
export type Loading =
  { readonly kind: 'loading' | 'unreachable' } | { readonly kind: 'loaded'; readonly loaded: Loaded }

const KEEP_AFTER_MS = 300
const MAX_UNDO = 200

/** What the editor begins with: what the device has kept, else the layout in force. */
export const load = async (): Promise<Loading> => {
  const draft = readDraft(localStorage)
  const answer = await askLayout(draft?.baseVersion)
  const base = answer.kind === 'answer' ? answer.value : undefined
  if (draft !== undefined) return { kind: 'loaded', loaded: { base, ...draft } }
  if (base === undefined) return { kind: 'unreachable' }
  return { kind: 'loaded', loaded: { base, baseVersion: base.version, layout: base } }
}

/** A layout in the hand of one person: what they change, where it is kept, and what the platform says to it. */
export const useEditor = (loaded: Loaded, newestVersion: number | undefined): Editor => {
  const [{ base, baseVersion }, setBase] = useState(loaded)
  const [layout, setLayout] = useState(loaded.layout)
  const [past, setPast] = useState<
    readonly { readonly layout: Layout; readonly group: string | undefined }[]
  >([])
  const [selected, select] = useState<Item>()
  const [save, setSave] = useState<SaveState>({ kind: 'none' })
  const [kept, setKept] = useState<Editor['kept']>('nothing')
  const [isFound, setFound] = useState(loaded.base !== loaded.layout)
  const isChanged = layout !== base

  /** What stands in the fields now, for answers that come while somebody goes on typing. */
  const latest = useRef(layout)
  latest.current = layout

  const start = useCallback((next: Layout): void => {
    forgetDraft(localStorage)
    setBase({ base: next, baseVersion: next.version, layout: next })
    setLayout(next)
    setPast([])
    setKept('nothing')
    setFound(false)
    select((item) => (item === undefined || next[item.kind][item.index] === undefined ? undefined : item))
  }, [])

  // Kept soon after each change, and at once when the page goes away.
  const keep = useRef<() => void>(() => undefined)
  keep.current = () => {
    if (isChanged) setKept(keepDraft(localStorage, { baseVersion, layout }) ? 'kept' : 'no-room')
  }
  useEffect(() => {
    const timer = window.setTimeout(() => keep.current(), KEEP_AFTER_MS)
    return () => window.clearTimeout(timer)
  }, [layout, baseVersion])
  useEffect(() => {
    const leave = (): void => keep.current()
    window.addEventListener('pagehide', leave)
    return () => {
      window.removeEventListener('pagehide', leave)
      leave()
    }
  }, [])

  // Nothing of one's own: what others save is taken over.
  useEffect(() => {
    if (isChanged || newestVersion === undefined || newestVersion <= baseVersion) return
    void askLayout().then((answer) => {
      if (answer.kind === 'answer' && latest.current === base) start(answer.value)
    })
  }, [base, isChanged, newestVersion, baseVersion, start])

  const checked = useDeferredValue(layout)
  const own = useMemo(() => findLayoutProblems(checked), [checked])
  const problems = useMemo(() => [...own, ...(save.kind === 'refused' ? save.problems : [])], [own, save])

  const put = async (document: Layout, version: number, by: string): Promise<void> => {
    setSave({ kind: 'saving' })
    const sentFrom = layout
    const query = new URLSearchParams({ version: String(version), by })
    const answer = await tell('PUT', `/layout?${query}`, document, LayoutSchema)
    switch (answer.kind) {
      case 'answer': {
        const typed = latest.current
        start(answer.value)
        if (typed !== sentFrom) setLayout(rebase(sentFrom, typed, answer.value).layout)
        return setSave({ kind: 'saved', version: answer.value.version })
      }
      case 'unreachable':
        return setSave({ kind: 'unreachable' })
      case 'refused':
        return setSave(
          answer.code === 'version-conflict'
            ? { kind: 'conflict' }
            : {
                kind: 'refused',
                code: answer.code,
                message: answer.message,
                problems: readLayoutPlaces(answer.message).map((one) => ({ ...one, kind: 'refused' })),
              },
        )
    }
  }

  return {
    layout,
    base,
    baseVersion,
    isChanged,
    kept,
    isFound,
    problems,
    selected,
    save,
    canUndo: past.length > 0,
    select,
    edit: (change, next) => {
      const changed = change(layout)
      if (changed !== layout) {
        const isOneStep = next?.group !== undefined && past.at(-1)?.group === next.group
        if (!isOneStep) setPast([...past.slice(-MAX_UNDO), { layout, group: next?.group }])
        setLayout(changed)
        if (save.kind !== 'none') setSave({ kind: 'none' })
      }
      if (next !== undefined && 'select' in next) select(next.select)
    },
    undo: () => {
      const last = past.at(-1)
      if (last === undefined) return
      setLayout(last.layout)
      setPast(past.slice(0, -1))
      select((item) =>
        item === undefined || last.layout[item.kind][item.index] === undefined ? undefined : item,
      )
      if (last.layout === base) {
        forgetDraft(localStorage)
        setKept('nothing')
      }
    },
    discard: async () => {
      const answer = await askLayout()
      const next = answer.kind === 'answer' ? answer.value : base
      if (next === undefined) return setSave({ kind: 'unreachable' })
      start(next)
      setSave({ kind: 'none' })
    },
    send: (by) => put(layout, baseVersion, by),
    restore: (older, by) => put(older, newestVersion ?? baseVersion, by),
    merge: async () => {
      const [newest, was] = await Promise.all([askLayout(), askLayout(baseVersion)])
      const before = was.kind === 'answer' ? was.value : base
      if (newest.kind !== 'answer' || before === undefined) return setSave({ kind: 'unreachable' })
      const { layout: merged, clashes } = rebase(before, layout, newest.value)
      setBase({ base: newest.value, baseVersion: newest.value.version, layout: newest.value })
      setPast([])
      setLayout(diffLayouts(newest.value, merged).length === 0 ? newest.value : merged)
      setSave({ kind: 'merged', version: newest.value.version, clashes })
    },
  }
}
