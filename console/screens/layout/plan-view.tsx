import type { Layout } from '@clearlane/protocol'
import type { KeyboardEvent, PointerEvent } from 'react'
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { useWords } from '../../words/language.ts'
import { changeSection, changeSlot, movePoint, roundM } from './edits.ts'
import type { Plan, Point } from './geometry.ts'
import { boundsOf, laneToPath, slicePath, toPlan, toPoint, toShare } from './geometry.ts'
import { WORDS } from './words.ts'
import type { Editor } from './use-editor.ts'
import { Tap } from '../../parts/tap.tsx'

const HANDLE_RADIUS_PX = 11
const TARGET_RADIUS_PX = 24
const STRIP_PX = 16
const AROUND_LANE_M = 4
const STEP_M = 0.1
const BIG_STEP_M = 1

/** The plan with its lanes; what is selected can be dragged, or moved by the arrow keys. */
export const PlanView = ({
  editor: { layout, selected, select, edit },
  imageUrl,
  onImageMissing,
}: {
  readonly editor: Editor
  readonly imageUrl: string | undefined
  readonly onImageMissing: () => void
}) => {
  const words = useWords(WORDS)
  const svg = useRef<SVGSVGElement>(null)
  const [widthPx, setWidthPx] = useState(360)
  const [isClose, setClose] = useState(false)
  const [held, setHeld] = useState<Plan>()
  useEffect(() => {
    const element = svg.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() => setWidthPx(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  // A plan that grew under the finger would run away from it.
  const plan = held ?? toPlan(layout)
  const paths = layout.lanes.map((_, index) => laneToPath(layout, index, plan))
  const laneIndex = laneIndexOf(layout, selected)
  const lanePath = laneIndex === undefined ? undefined : paths[laneIndex]
  const view =
    isClose && lanePath !== undefined && held === undefined
      ? boundsOf(lanePath, AROUND_LANE_M)
      : { left: 0, top: 0, ...plan }
  const unitM = view.widthM / Math.max(1, widthPx)

  const toPlanPoint = ({ clientX, clientY }: PointerEvent): Point => {
    const matrix = svg.current?.getScreenCTM()
    if (!matrix) return [0, 0]
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse())
    return [x, y]
  }
  const handles = toHandles(layout, selected, lanePath, words)
  return (
    <div className="plan-editor">
      <svg
        ref={svg}
        viewBox={`${view.left} ${view.top} ${view.widthM} ${view.heightM}`}
        role="group"
        aria-label={words.plan}
        data-testid="plan"
      >
        {imageUrl !== undefined && (
          <image
            href={imageUrl}
            width={plan.widthM}
            height={plan.heightM}
            preserveAspectRatio="none"
            onError={onImageMissing}
          />
        )}
        <Lanes
          layout={layout}
          paths={paths}
          laneIndex={laneIndex}
          unitM={unitM}
          onSelect={(index) => select({ kind: 'lanes', index })}
        />
        <Dots layout={layout} paths={paths} unitM={unitM} />
        {handles.map((handle) => (
          <Handle
            key={handle.key}
            handle={handle}
            unitM={unitM}
            hint={words.handleHint}
            toPoint={toPlanPoint}
            onHold={(isHeld) => setHeld(isHeld ? plan : undefined)}
            onMove={(to) => edit((before) => handle.move(before, to), { group: handle.key })}
            onStep={(step) => edit((before) => handle.step(before, step), { group: handle.key })}
          />
        ))}
      </svg>
      {lanePath !== undefined && (
        <Tap onClick={() => setClose(!isClose)}>{isClose ? words.wholePlan : words.oneLane}</Tap>
      )}
    </div>
  )
}

const Lanes = ({
  layout,
  paths,
  laneIndex,
  unitM,
  onSelect,
}: {
  readonly layout: Layout
  readonly paths: readonly (readonly Point[])[]
  readonly laneIndex: number | undefined
  readonly unitM: number
  readonly onSelect: (index: number) => void
}) => {
  const sectionsOf = useMemo(() => Map.groupBy(layout.sections, (section) => section.lane), [layout.sections])
  return layout.lanes.map((lane, index) => {
    const path = paths[index] ?? []
    const start = path[0] ?? [0, 0]
    return (
      <g
        key={lane.id}
        role="button"
        tabIndex={0}
        aria-label={`${index + 1} ${lane.name}`}
        aria-pressed={index === laneIndex}
        className="strip"
        onClick={() => onSelect(index)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' || event.key === ' ') onSelect(index)
        }}
      >
        <path className="target" d={toData(path)} strokeWidth={2 * TARGET_RADIUS_PX * unitM} />
        <path className="road" d={toData(path)} strokeWidth={STRIP_PX * unitM} />
        {(sectionsOf.get(lane.id) ?? []).map(({ id, fromM, toM }, place) => (
          <path
            key={id}
            className={place % 2 === 0 ? 'stretch' : 'stretch other'}
            d={toData(slicePath(path, fromM / lane.lengthM, toM / lane.lengthM))}
            strokeWidth={(STRIP_PX - 5) * unitM}
          />
        ))}
        <circle className="badge" cx={start[0]} cy={start[1]} r={10 * unitM} strokeWidth={1.5 * unitM} />
        <text x={start[0]} y={start[1]} fontSize={15 * unitM} dy={5.5 * unitM} textAnchor="middle">
          {index + 1}
        </text>
      </g>
    )
  })
}

/** All slots as one drawing: thousands of them cost one element. They follow a moment later. */
const Dots = ({
  layout,
  paths,
  unitM,
}: {
  readonly layout: Layout
  readonly paths: readonly (readonly Point[])[]
  readonly unitM: number
}) => {
  const slots = useDeferredValue(layout.slots)
  const laneOf = new Map(
    layout.lanes.map((lane, index) => [lane.id, { path: paths[index] ?? [], lengthM: lane.lengthM }]),
  )
  const pathOf = new Map(layout.sections.map((section) => [section.id, laneOf.get(section.lane)]))
  const data = slots.map(({ section, offsetM }) => {
    const lane = pathOf.get(section)
    return lane === undefined ? '' : `M${toPoint(lane.path, offsetM / lane.lengthM).join(' ')}h0`
  })
  return <path className="dots" d={data.join('')} strokeWidth={7 * unitM} />
}

type HandleModel = {
  readonly key: string
  readonly label: string
  readonly at: Point
  readonly value: number
  readonly max: number
  readonly text: string
  readonly move: (layout: Layout, to: Point) => Layout
  readonly step: (layout: Layout, step: Point) => Layout
}

const toHandles = (
  layout: Layout,
  selected: Editor['selected'],
  path: readonly Point[] | undefined,
  words: Readonly<Record<'fromM' | 'toM' | 'point' | 'slot', string>>,
): HandleModel[] => {
  if (selected === undefined || path === undefined) return []
  const { kind, index } = selected
  switch (kind) {
    case 'lanes':
      return path.map((at, point) => ({
        key: `lane-${index}-${point}`,
        label: `${words.point} ${point + 1}`,
        at,
        value: at[0],
        max: 100_000,
        text: `${roundM(at[0])}, ${roundM(at[1])}`,
        move: (before, to) => movePoint(before, index, point, to),
        step: (before, step) => movePoint(before, index, point, [at[0] + step[0], at[1] + step[1]]),
      }))
    case 'sections': {
      const section = layout.sections[index]
      const lengthM = layout.lanes.find((lane) => lane.id === section?.lane)?.lengthM ?? 0
      if (section === undefined) return []
      return (['fromM', 'toM'] as const).map((field) => ({
        ...alongLane(path, lengthM, section[field], (before, valueM) =>
          changeSection(before, index, { [field]: valueM }),
        ),
        key: `section-${index}-${field}`,
        label: words[field],
      }))
    }
    case 'slots': {
      const slot = layout.slots[index]
      const section = layout.sections.find((one) => one.id === slot?.section)
      const lengthM = layout.lanes.find((lane) => lane.id === section?.lane)?.lengthM ?? 0
      if (slot === undefined) return []
      return [
        {
          ...alongLane(path, lengthM, slot.offsetM, (before, offsetM) =>
            changeSlot(before, index, { offsetM }),
          ),
          key: `slot-${index}`,
          label: `${words.slot} ${slot.id}`,
        },
      ]
    }
  }
}

/** A handle that only moves along its lane. */
const alongLane = (
  path: readonly Point[],
  lengthM: number,
  valueM: number,
  set: (layout: Layout, valueM: number) => Layout,
) => {
  const within = (metres: number): number => roundM(Math.min(lengthM, Math.max(0, metres)))
  return {
    at: toPoint(path, valueM / lengthM),
    value: valueM,
    max: lengthM,
    text: `${valueM} m`,
    move: (layout: Layout, to: Point) => set(layout, within(toShare(path, to) * lengthM)),
    // Up and left are back, down and right are on, as with every slider.
    step: (layout: Layout, [right, down]: Point) => set(layout, within(valueM + right + down)),
  }
}

const Handle = ({
  handle,
  unitM,
  hint,
  toPoint: toPlanPoint,
  onHold,
  onMove,
  onStep,
}: {
  readonly handle: HandleModel
  readonly unitM: number
  readonly hint: string
  readonly toPoint: (event: PointerEvent) => Point
  readonly onHold: (isHeld: boolean) => void
  readonly onMove: (to: Point) => void
  readonly onStep: (step: Point) => void
}) => {
  const step = (event: KeyboardEvent): void => {
    const sizeM = event.shiftKey ? BIG_STEP_M : STEP_M
    const steps: Readonly<Record<string, Point>> = {
      ArrowLeft: [-sizeM, 0],
      ArrowRight: [sizeM, 0],
      ArrowUp: [0, -sizeM],
      ArrowDown: [0, sizeM],
    }
    const way = steps[event.key]
    if (way === undefined) return
    event.preventDefault()
    onStep(way)
  }
  const release = (event: PointerEvent<SVGGElement>): void => {
    event.currentTarget.releasePointerCapture(event.pointerId)
    onHold(false)
  }
  return (
    <g
      role="slider"
      tabIndex={0}
      className="handle"
      data-testid={`handle-${handle.key}`}
      aria-label={`${handle.label}. ${hint}`}
      aria-valuenow={Number.isFinite(handle.value) ? handle.value : 0}
      aria-valuemin={0}
      aria-valuemax={handle.max}
      aria-valuetext={handle.text}
      onKeyDown={step}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        onHold(true)
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) onMove(toPlanPoint(event))
      }}
      onPointerUp={release}
      onPointerCancel={release}
    >
      <circle
        className="target"
        cx={handle.at[0]}
        cy={handle.at[1]}
        r={TARGET_RADIUS_PX * unitM}
        strokeWidth={3 * unitM}
      />
      <circle
        className="grip"
        cx={handle.at[0]}
        cy={handle.at[1]}
        r={HANDLE_RADIUS_PX * unitM}
        strokeWidth={3 * unitM}
      />
    </g>
  )
}

const laneIndexOf = (layout: Layout, selected: Editor['selected']): number | undefined => {
  if (selected === undefined) return undefined
  if (selected.kind === 'lanes') return selected.index
  const section =
    selected.kind === 'sections'
      ? layout.sections[selected.index]
      : layout.sections.find((one) => one.id === layout.slots[selected.index]?.section)
  const index = layout.lanes.findIndex((lane) => lane.id === section?.lane)
  return index < 0 ? undefined : index
}

const toData = (path: readonly Point[]): string =>
  path.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('')
