import type { Layout } from '@clearlane/protocol'
import { LaneKindSchema } from '@clearlane/protocol'
import { ChoiceField, NumberField, TextField } from '../../parts/field.tsx'
import { useWords } from '../../words/language.ts'
import { Calibrate } from './calibrate.tsx'
import type { Item, Kind } from './edits.ts'
import { addPoint, changeLane, changeSection, changeSlot, movePoint, removePoint, roundM } from './edits.ts'
import { laneToPath, toPlan } from './geometry.ts'
import type { Editor, EditorProblem } from './use-editor.ts'
import { KIND_WORDS, PROBLEM_WORDS, WORDS } from './words.ts'
import { Tap } from '../../parts/tap.tsx'

/** The fields of what is selected. Each says what belongs in it, and what is wrong with what stands in it. */
export const ItemForm = ({ editor, item }: { readonly editor: Editor; readonly item: Item }) => {
  switch (item.kind) {
    case 'lanes':
      return <LaneForm editor={editor} index={item.index} />
    case 'sections':
      return <SectionForm editor={editor} index={item.index} />
    case 'slots':
      return <SlotForm editor={editor} index={item.index} />
  }
}

type FormProps = { readonly editor: Editor; readonly index: number }

export const SiteForm = ({ editor: { layout, edit, problems } }: { readonly editor: Editor }) => {
  const words = useWords(WORDS)
  const problemOf = useProblems(problems, [])
  return (
    <>
      <TextField
        label={words.siteName}
        value={layout.name}
        problem={problemOf('name')}
        onChange={(name) => edit((before) => ({ ...before, name }), { group: 'site-name' })}
      />
      <TextField
        label={words.timeZone}
        hint={words.timeZoneHint}
        value={layout.timeZone}
        problem={problemOf('timeZone')}
        onChange={(timeZone) => edit((before) => ({ ...before, timeZone }), { group: 'time-zone' })}
      />
    </>
  )
}

export const PlanForm = ({ editor: { layout, edit, problems } }: { readonly editor: Editor }) => {
  const words = useWords(WORDS)
  const problemOf = useProblems(problems, ['plan'])
  const { widthM, heightM } = layout.plan ?? toPlan(layout)
  return (
    <div className="pair">
      <NumberField
        label={words.planWidth}
        unit={words.metres}
        step={1}
        hint={words.sizeHint}
        value={layout.plan?.widthM ?? roundM(widthM)}
        problem={problemOf('widthM')}
        testId="plan-width"
        // An image keeps its proportions.
        onChange={(next) =>
          edit(
            (before) => ({
              ...before,
              plan: {
                widthM: next,
                heightM: next > 0 && widthM > 0 ? roundM((heightM * next) / widthM) : heightM,
              },
            }),
            { group: 'plan-width' },
          )
        }
      />
      <NumberField
        label={words.planHeight}
        unit={words.metres}
        step={1}
        value={layout.plan?.heightM ?? roundM(heightM)}
        problem={problemOf('heightM')}
        onChange={(next) =>
          edit((before) => ({ ...before, plan: { widthM, heightM: next } }), { group: 'plan-height' })
        }
      />
    </div>
  )
}

const LaneForm = ({ editor, index }: FormProps) => {
  const words = useWords(WORDS)
  const kinds = useWords(KIND_WORDS)
  const { layout, edit } = editor
  const problemOf = useProblems(editor.problems, ['lanes', index])
  const lane = layout.lanes[index]
  if (lane === undefined) return null
  const path = laneToPath(layout, index, toPlan(layout))
  return (
    <>
      <TextField
        label={words.name}
        value={lane.name}
        problem={problemOf('name')}
        testId="field-name"
        onChange={(name) =>
          edit((before) => changeLane(before, index, { name }), { group: `lane-${index}-name` })
        }
      />
      <IdField editor={editor} kind="lanes" index={index} problem={problemOf('id') ?? problemOf()} />
      <ChoiceField
        label={words.kind}
        value={lane.kind}
        choices={LaneKindSchema.options.map((value) => ({ value, label: kinds[value] }))}
        onChange={(value) => {
          const kind = LaneKindSchema.safeParse(value)
          if (kind.success) edit((before) => changeLane(before, index, { kind: kind.data }))
        }}
      />
      <div className="pair">
        <NumberField
          label={words.lengthM}
          unit={words.metres}
          step={0.5}
          hint="0.1 – 10000"
          value={lane.lengthM}
          problem={problemOf('lengthM')}
          testId="field-lengthM"
          onChange={(lengthM) =>
            edit((before) => changeLane(before, index, { lengthM }), { group: `lane-${index}-length` })
          }
        />
        <NumberField
          label={words.headingDegrees}
          unit={words.degrees}
          step={5}
          hint={words.headingHint}
          value={lane.headingDegrees ?? Number.NaN}
          problem={problemOf('headingDegrees')}
          onChange={(degrees) =>
            edit(
              (before) => {
                const { headingDegrees: _before, ...rest } = lane
                const next = Number.isNaN(degrees) ? rest : { ...rest, headingDegrees: degrees }
                return { ...before, lanes: before.lanes.with(index, next) }
              },
              { group: `lane-${index}-heading` },
            )
          }
        />
      </div>
      <details>
        <summary>
          {words.path} ({path.length})
        </summary>
        <p>{problemOf('path') ?? words.pathHint}</p>
        {path.map(([x, y], point) => (
          // A point has no other name than its place in the row.
          <fieldset key={point}>
            <legend>
              {words.point} {point + 1}
            </legend>
            <div className="pair">
              {([0, 1] as const).map((axis) => (
                <NumberField
                  key={axis}
                  label={axis === 0 ? words.right : words.down}
                  unit={words.metres}
                  step={0.5}
                  value={lane.path?.[point]?.[axis] ?? roundM([x, y][axis] ?? 0)}
                  onChange={(value) =>
                    edit((before) => movePoint(before, index, point, axis === 0 ? [value, y] : [x, value]), {
                      group: `lane-${index}-${point}`,
                    })
                  }
                />
              ))}
            </div>
            {path.length > 2 && (
              <Tap onClick={() => edit((before) => removePoint(before, index, point))}>
                {words.removePoint}
              </Tap>
            )}
          </fieldset>
        ))}
        <Tap onClick={() => edit((before) => addPoint(before, index))}>{words.addPoint}</Tap>
      </details>
    </>
  )
}

const SectionForm = ({ editor, index }: FormProps) => {
  const words = useWords(WORDS)
  const { layout, edit } = editor
  const problemOf = useProblems(editor.problems, ['sections', index])
  const section = layout.sections[index]
  if (section === undefined) return null
  const lengthM = layout.lanes.find((lane) => lane.id === section.lane)?.lengthM ?? 0
  return (
    <>
      <TextField
        label={words.name}
        value={section.name}
        problem={problemOf('name')}
        testId="field-name"
        onChange={(name) =>
          edit((before) => changeSection(before, index, { name }), { group: `section-${index}-name` })
        }
      />
      <IdField editor={editor} kind="sections" index={index} problem={problemOf('id')} />
      <div className="pair">
        {(['fromM', 'toM'] as const).map((field) => (
          <NumberField
            key={field}
            label={words[field]}
            unit={words.metres}
            step={0.1}
            hint={toRange(0, lengthM)}
            value={section[field]}
            problem={problemOf(field) ?? problemOf()}
            testId={`field-${field}`}
            onChange={(value) =>
              edit((before) => changeSection(before, index, { [field]: value }), {
                group: `section-${index}-${field}`,
              })
            }
          />
        ))}
      </div>
      <ChoiceField
        label={words.ofLane}
        value={section.lane}
        problem={problemOf('lane')}
        choices={toChoices(layout.lanes, section.lane)}
        onChange={(lane) => edit((before) => changeSection(before, index, { lane }))}
      />
      <TextField
        label={words.gateway}
        hint={words.gatewayHint}
        value={section.gateway}
        problem={problemOf('gateway')}
        onChange={(gateway) =>
          edit((before) => changeSection(before, index, { gateway }), { group: `section-${index}-gateway` })
        }
      />
    </>
  )
}

const SlotForm = ({ editor, index }: FormProps) => {
  const words = useWords(WORDS)
  const { layout, edit } = editor
  const problemOf = useProblems(editor.problems, ['slots', index])
  const slot = layout.slots[index]
  if (slot === undefined) return null
  const section = layout.sections.find((one) => one.id === slot.section)
  return (
    <>
      <IdField editor={editor} kind="slots" index={index} problem={problemOf('id') ?? problemOf()} />
      <NumberField
        label={`${words.offsetM}, ${words.offset}`}
        unit={words.metres}
        step={0.1}
        hint={section === undefined ? undefined : toRange(section.fromM, section.toM)}
        value={slot.offsetM}
        problem={problemOf('offsetM')}
        testId="field-offsetM"
        onChange={(offsetM) =>
          edit((before) => changeSlot(before, index, { offsetM }), { group: `slot-${index}` })
        }
      />
      <ChoiceField
        label={words.ofSection}
        value={slot.section}
        problem={problemOf('section')}
        choices={toChoices(layout.sections, slot.section)}
        onChange={(id) => edit((before) => changeSlot(before, index, { section: id }))}
      />
      <TextField
        label={words.device}
        hint={words.deviceHint}
        value={slot.device ?? ''}
        problem={problemOf('device')}
        testId="field-device"
        onChange={(device) =>
          edit(
            (before) => {
              const { device: _before, ...rest } = slot
              const next = device === '' ? rest : { ...rest, device: device.toLowerCase() }
              return { ...before, slots: before.slots.with(index, next) }
            },
            { group: `slot-${index}-device` },
          )
        }
      />
      <Calibrate
        slot={slot}
        onTake={(calibration) => edit((before) => changeSlot(before, index, { calibration }))}
      />
    </>
  )
}

/** The id of a new thing may be chosen; of one that was saved it never changes. */
const IdField = ({
  editor: { layout, base, edit },
  kind,
  index,
  problem,
}: {
  readonly editor: Editor
  readonly kind: Kind
  readonly index: number
  readonly problem: string | undefined
}) => {
  const words = useWords(WORDS)
  const id = layout[kind][index]?.id ?? ''
  const changes: Readonly<Record<Kind, (layout: Layout, index: number, change: { id: string }) => Layout>> = {
    lanes: changeLane,
    sections: changeSection,
    slots: changeSlot,
  }
  const isSaved = base?.[kind].some((thing) => thing.id === id) ?? true
  if (isSaved && problem === undefined)
    return (
      <p className="hint">
        {words.id} <bdi>{id}</bdi>
      </p>
    )
  return (
    <TextField
      label={words.id}
      hint={words.idHint}
      value={id}
      problem={problem}
      testId="field-id"
      onChange={(next) =>
        edit((before) => changes[kind](before, index, { id: next }), { group: `${kind}-${index}-id` })
      }
    />
  )
}

/** What is wrong with a field of one thing; without a field, with the thing itself. */
const useProblems = (problems: readonly EditorProblem[], [kind, index]: readonly (string | number)[]) => {
  const words = useWords(PROBLEM_WORDS)
  return (field?: string): string | undefined => {
    const problem = problems.find(({ place }) =>
      kind === undefined
        ? place[0] === field
        : place[0] === kind &&
          (index === undefined ? place[1] === field : place[1] === index && place[2] === field),
    )
    if (problem === undefined) return undefined
    return problem.kind === 'refused' ? problem.text : words[problem.kind]
  }
}

const toChoices = (things: readonly { readonly id: string; readonly name: string }[], present: string) => {
  const choices = things.map(({ id, name }) => ({ value: id, label: name === '' ? id : name }))
  return things.some(({ id }) => id === present) ? choices : [{ value: present, label: present }, ...choices]
}
const toRange = (from: number, to: number): string => `${from} – ${to}`
