import type { Layout } from '@clearlane/protocol'
import { useCallback, useRef, useState } from 'react'
import { useWords } from '../../words/language.ts'
import type { LaneFacts, Point, SectionFacts } from './estate-facts.ts'
import { toStretch } from './estate-facts.ts'
import { SectionMark } from './section-mark.tsx'
import { useSectionText } from './use-section-text.ts'
import { ESTATE_WORDS } from './words.ts'

type Span = NonNullable<Layout['plan']>
type Open = (section: SectionFacts) => void

/** Where everything lies: lanes with a path as they run over the ground, the others as straight strips below each other. */
export const Plan = ({
  lanes,
  plan,
  onOpen,
}: {
  readonly lanes: readonly LaneFacts[]
  readonly plan: Span | undefined
  readonly onOpen: Open
}) => {
  const words = useWords(ESTATE_WORDS)
  const drawn = plan === undefined ? [] : lanes.filter((lane) => lane.path !== undefined)
  const straight = lanes.filter((lane) => !drawn.includes(lane))
  const longestM = Math.max(...straight.map((lane) => lane.lengthM))
  return (
    <section className="plan" aria-label={words.plan}>
      {plan !== undefined && drawn.length > 0 && <Ground lanes={drawn} plan={plan} onOpen={onOpen} />}
      {straight.map((lane) => (
        <Strip key={lane.id} lane={lane} longestM={longestM} onOpen={onOpen} />
      ))}
    </section>
  )
}

/** A lane from its start to its end; lanes and sections are as long as each other as their metres are. */
const Strip = ({
  lane,
  longestM,
  onOpen,
}: {
  readonly lane: LaneFacts
  readonly longestM: number
  readonly onOpen: Open
}) => {
  const words = useWords(ESTATE_WORDS)
  return (
    <section className="strip" aria-label={lane.name}>
      <h2>
        {lane.name}{' '}
        <small>
          {lane.lengthM} {words.metres}
        </small>
      </h2>
      <div className="strip-sections" style={{ width: `${(100 * lane.lengthM) / longestM}%` }}>
        {lane.sections.map((section, index) => (
          <div
            key={section.view.section}
            className="strip-section"
            style={{
              flexGrow: section.toM - section.fromM,
              // A gap between two sections belongs to nobody.
              marginInlineStart: `${(100 * (section.fromM - (lane.sections[index - 1]?.toM ?? 0))) / lane.lengthM}%`,
            }}
          >
            <Mark section={section} onOpen={onOpen} />
          </div>
        ))}
      </div>
    </section>
  )
}

/** The plan's image, if there is one, and the lanes over it. */
const Ground = ({
  lanes,
  plan: { widthM, heightM },
  onOpen,
}: {
  readonly lanes: readonly LaneFacts[]
  readonly plan: Span
  readonly onOpen: Open
}) => {
  const [hasImage, setHasImage] = useState(true)
  const stretches = lanes.flatMap(({ path, lengthM, sections }) =>
    path === undefined
      ? []
      : sections.map((section) => ({
          section,
          points: toStretch(path, lengthM, section.fromM, section.toM),
        })),
  )
  return (
    <div className="ground" style={{ aspectRatio: `${widthM} / ${heightM}` }}>
      {hasImage && <img src="/api/v1/plan" alt="" onError={() => setHasImage(false)} />}
      <svg viewBox={`0 0 ${widthM} ${heightM}`} preserveAspectRatio="none" aria-hidden="true">
        {stretches.map(({ section, points }) => (
          <g key={section.view.section} className={`stretch ${section.view.state}`}>
            <polyline points={points.map(([x, y]) => `${x},${y}`).join(' ')} className="stretch-edge" />
            <polyline points={points.map(([x, y]) => `${x},${y}`).join(' ')} className="stretch-line" />
          </g>
        ))}
      </svg>
      {stretches.map(({ section, points }) => {
        const [x, y] = toMiddle(points)
        return (
          <div
            key={section.view.section}
            className="ground-mark"
            style={{ left: `${(100 * x) / widthM}%`, top: `${(100 * y) / heightM}%` }}
          >
            <Mark section={section} onOpen={onOpen} />
          </div>
        )
      })}
    </div>
  )
}

const toMiddle = (points: readonly Point[]): Point => {
  const [middle] = toStretch(points, 2, 1, 2)
  return middle ?? [0, 0]
}

const Mark = ({ section, onOpen }: { readonly section: SectionFacts; readonly onOpen: Open }) => {
  const { view } = section
  const text = useSectionText()(section)
  const latest = useRef({ section, onOpen })
  latest.current = { section, onOpen }
  const open = useCallback(() => latest.current.onOpen(latest.current.section), [])
  return <SectionMark section={view.section} name={view.name} state={view.state} {...text} onOpen={open} />
}
