import { LayoutVersionSchema } from '@clearlane/protocol'
import { Dialog } from 'antd-mobile'
import { useEffect, useState } from 'react'
import { useAsk } from '../../live/ask.ts'
import { toItems } from '../../live/items.ts'
import { useWho } from '../../live/who.ts'
import { useWords } from '../../words/language.ts'
import { ImageField } from './image-field.tsx'
import { ItemForm, PlanForm, SiteForm } from './forms.tsx'
import { InForce } from './in-force.tsx'
import type { Row } from './item-list.tsx'
import { ItemList } from './item-list.tsx'
import { addLane, addSection, addSlot, remove, roundM } from './edits.ts'
import { toPlan } from './geometry.ts'
import { PlanView } from './plan-view.tsx'
import { SaveBar } from './save-bar.tsx'
import type { Editor, Loading } from './use-editor.ts'
import { load, useEditor } from './use-editor.ts'
import { Versions } from './versions.tsx'
import { WORDS } from './words.ts'
import { Tap } from '../../parts/tap.tsx'
import './layout.css'

const REFRESH_MS = 5_000
const VersionsSchema = toItems(LayoutVersionSchema)

/** The estate's lanes, sections and slots, changed by hand and sent to the gateways as a new version. */
export const LayoutScreen = () => {
  const words = useWords(WORDS)
  const [loading, setLoading] = useState<Loading>({ kind: 'loading' })
  useEffect(() => {
    void load().then(setLoading)
  }, [])
  switch (loading.kind) {
    case 'loading':
      return <p className="card">{words.loading}</p>
    case 'unreachable':
      return (
        <p className="card" role="alert">
          {words.noLayout}
        </p>
      )
    case 'loaded':
      return <LayoutEditor loaded={loading.loaded} />
  }
}

const LayoutEditor = ({ loaded }: { readonly loaded: Extract<Loading, { kind: 'loaded' }>['loaded'] }) => {
  const words = useWords(WORDS)
  const answer = useAsk('/layout/versions', VersionsSchema, REFRESH_MS)
  const versions = answer?.kind === 'answer' ? answer.value.items : []
  const newest = versions[0]
  const editor = useEditor(loaded, newest?.version)
  const who = useWho()
  const [areVersionsOpen, openVersions] = useState(false)
  /** Counts changes of the image, so that it is asked for anew; `missingAt` is the count at which there was none. */
  const [imageCount, setImageCount] = useState(0)
  const [missingAt, setMissingAt] = useState<number>()
  const { layout, selected, edit } = editor
  const imageUrl =
    layout.plan === undefined || missingAt === imageCount ? undefined : `/api/v1/plan?shown=${imageCount}`
  return (
    <div className="layout-screen" data-testid="layout-screen" data-version={editor.baseVersion}>
      <header className="card">
        <h2>
          {words.title} · <bdi>{layout.name}</bdi>
        </h2>
        <InForce version={versions.find(({ version }) => version === editor.baseVersion)} layout={layout} />
        <div className="buttons">
          <Tap
            aria-expanded={areVersionsOpen}
            data-testid="open-versions"
            onClick={() => openVersions(!areVersionsOpen)}
          >
            {words.versions}
          </Tap>
          <Tap disabled={!editor.canUndo} onClick={editor.undo}>
            {words.undo}
          </Tap>
        </div>
      </header>
      {areVersionsOpen && (
        <Versions
          key={newest?.version}
          versions={versions}
          who={who}
          onRestore={(older) => void editor.restore(older, who[0].trim())}
          onClose={() => openVersions(false)}
        />
      )}
      <div className="bench">
        <PlanView editor={editor} imageUrl={imageUrl} onImageMissing={() => setMissingAt(imageCount)} />
        <div className="card panel">
          <Way editor={editor} />
          {selected === undefined ? (
            <>
              <Below editor={editor} />
              <details>
                <summary>{words.image}</summary>
                <ImageField
                  hasImage={imageUrl !== undefined}
                  onSent={(heightShare) => {
                    setImageCount((count) => count + 1)
                    edit((before) => {
                      const { widthM } = toPlan(before)
                      return { ...before, plan: { widthM, heightM: roundM(widthM * heightShare) } }
                    })
                  }}
                  onRemoved={() => setImageCount((count) => count + 1)}
                />
                <PlanForm editor={editor} />
              </details>
              <details>
                <summary>{words.site}</summary>
                <SiteForm editor={editor} />
              </details>
            </>
          ) : (
            <>
              <ItemForm key={`${selected.kind} ${selected.index}`} editor={editor} item={selected} />
              <Remove editor={editor} />
              <Below editor={editor} />
            </>
          )}
        </div>
      </div>
      <SaveBar editor={editor} newest={newest} who={who} />
    </div>
  )
}

/** Where one is, and back one step. */
const Way = ({ editor: { layout, selected, select } }: { readonly editor: Editor }) => {
  const words = useWords(WORDS)
  if (selected === undefined) return <h2>{words.lanes}</h2>
  const { kind, index } = selected
  const thing = layout[kind][index]
  const up = (): void => {
    if (kind === 'lanes') return select(undefined)
    const above =
      kind === 'sections'
        ? layout.lanes.findIndex(({ id }) => id === layout.sections[index]?.lane)
        : layout.sections.findIndex(({ id }) => id === layout.slots[index]?.section)
    select(above < 0 ? undefined : { kind: kind === 'sections' ? 'lanes' : 'sections', index: above })
  }
  const word = ({ lanes: 'lane', sections: 'section', slots: 'slot' } as const)[kind]
  return (
    <div className="way">
      <Tap onClick={up} data-testid="up">
        ‹ {words.back}
      </Tap>
      <h2>
        {words[word]} <bdi>{nameOf(thing)}</bdi>
      </h2>
    </div>
  )
}

/** What stands on the thing that is selected, and how to add to it. */
const Below = ({ editor }: { readonly editor: Editor }) => {
  const words = useWords(WORDS)
  const { layout, selected, select, edit, problems } = editor
  const wrongOf = (kind: string, index: number): number =>
    problems.filter(({ place }) => place[0] === kind && place[1] === index).length
  const toRow = (kind: 'lanes' | 'sections' | 'slots', index: number, title: string, note: string): Row => ({
    key: layout[kind][index]?.id ?? String(index),
    title,
    note,
    wrong: wrongOf(kind, index),
    onOpen: () => select({ kind, index }),
  })
  if (selected?.kind === 'slots') return null
  if (selected === undefined) {
    const sectionsOf = Map.groupBy(layout.sections, (section) => section.lane)
    return (
      <Things
        rows={layout.lanes.map((lane, index) =>
          toRow(
            'lanes',
            index,
            `${index + 1} ${nameOf(lane)}`,
            `${lane.lengthM} ${words.metres} · ${words.sections} ${sectionsOf.get(lane.id)?.length ?? 0}`,
          ),
        )}
        none={words.noLanes}
        add={words.addLane}
        onAdd={() => {
          const { layout: next, item } = addLane(layout, words.newLane)
          edit(() => next, { select: item })
        }}
      />
    )
  }
  if (selected.kind === 'lanes') {
    const lane = layout.lanes[selected.index]
    if (lane === undefined) return null
    const slotsOf = Map.groupBy(layout.slots, (slot) => slot.section)
    return (
      <Things
        title={words.sections}
        rows={layout.sections.flatMap((section, index) =>
          section.lane === lane.id
            ? [
                toRow(
                  'sections',
                  index,
                  nameOf(section),
                  `${section.fromM} – ${section.toM} ${words.metres} · ${words.slots} ${slotsOf.get(section.id)?.length ?? 0}`,
                ),
              ]
            : [],
        )}
        none={words.noSections}
        add={words.addSection}
        onAdd={() => {
          const { layout: next, item } = addSection(layout, lane, words.newSection)
          edit(() => next, { select: item })
        }}
      />
    )
  }
  const section = layout.sections[selected.index]
  if (section === undefined) return null
  return (
    <Things
      title={words.slots}
      rows={layout.slots.flatMap((slot, index) =>
        slot.section === section.id
          ? [toRow('slots', index, slot.id, `${slot.offsetM} ${words.metres} · ${slot.device ?? '–'}`)]
          : [],
      )}
      none={words.noSlots}
      add={words.addSlot}
      onAdd={() => {
        const { layout: next, item } = addSlot(layout, section)
        edit(() => next, { select: item })
      }}
    />
  )
}

const Things = ({
  title,
  rows,
  none,
  add,
  onAdd,
}: {
  readonly title?: string
  readonly rows: readonly Row[]
  readonly none: string
  readonly add: string
  readonly onAdd: () => void
}) => (
  <>
    {title !== undefined && <h3>{title}</h3>}
    {rows.length === 0 ? <p>{none}</p> : <ItemList rows={rows} testId="things" />}
    <Tap data-testid="add" onClick={onAdd}>
      + {add}
    </Tap>
  </>
)

const Remove = ({ editor: { selected, edit } }: { readonly editor: Editor }) => {
  const words = useWords(WORDS)
  if (selected === undefined) return null
  const word = selected.kind === 'slots' ? words.remove : words.removeAll
  const ask = async (): Promise<void> => {
    const isSure =
      selected.kind === 'slots' ||
      (await Dialog.confirm({ content: word, confirmText: words.remove, cancelText: words.back }))
    if (isSure) edit((layout) => remove(layout, selected), { select: undefined })
  }
  return (
    <Tap data-testid="remove" onClick={() => void ask()}>
      {word}
    </Tap>
  )
}

const nameOf = (thing: { readonly id: string; readonly name?: unknown } | undefined): string =>
  typeof thing?.name === 'string' && thing.name !== '' ? thing.name : (thing?.id ?? '')
