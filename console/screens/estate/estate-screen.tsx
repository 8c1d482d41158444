import type { SectionState } from '@clearlane/protocol'
import { Empty } from 'antd-mobile'
import { useMemo, useState } from 'react'
import { useLocation } from 'wouter'
import { useLayout } from '../../live/use-layout.ts'
import { useConsole } from '../../live/use-console.ts'
import { toEpisode } from '../../routes.ts'
import { useWords } from '../../words/language.ts'
import { SHAPES, STATE_WORDS } from '../../words/states.ts'
import { AlarmsToday } from './alarms-today.tsx'
import type { LaneFacts, SectionFacts } from './estate-facts.ts'
import { toCoverage, toLanes } from './estate-facts.ts'
import { OpenEpisodes } from './open-episodes.tsx'
import { Plan } from './plan.tsx'
import { SectionDialog } from './section-dialog.tsx'
import { SectionList } from './section-list.tsx'
import { ESTATE_WORDS } from './words.ts'
import './estate.css'

const STATES = ['blocked', 'pre-alarm', 'clear', 'unobserved'] as const satisfies readonly SectionState[]

/** The estate at a glance: what is blocked, for how long, where it lies, and how much of the estate is watched at all. */
export const EstateScreen = () => {
  const { state } = useConsole()
  const words = useWords(ESTATE_WORDS)
  const layout = useLayout()
  const [, go] = useLocation()
  const [chosen, setChosen] = useState<string>()
  const { sections, gateways } = state
  const lanes = useMemo(() => toLanes(layout, state), [layout, sections, gateways])
  const all = lanes.flatMap((lane) => lane.sections)
  const open = ({ view }: SectionFacts): void =>
    view.episode === undefined ? setChosen(view.section) : go(toEpisode(view.episode))
  const shown = all.find(({ view }) => view.section === chosen)
  return (
    <div className="estate">
      <Counts lanes={lanes} name={layout?.name} />
      <OpenEpisodes />
      <Plan lanes={lanes} plan={layout?.plan} onOpen={open} />
      <SectionList sections={all} onOpen={open} />
      {all.length === 0 && state.heard !== undefined && <Empty description={words.empty} />}
      {shown !== undefined && <SectionDialog section={shown} onClose={() => setChosen(undefined)} />}
    </div>
  )
}

const Counts = ({
  lanes,
  name,
}: {
  readonly lanes: readonly LaneFacts[]
  readonly name: string | undefined
}) => {
  const words = useWords(ESTATE_WORDS)
  const states = useWords(STATE_WORDS)
  const { state, nowMs } = useConsole()
  const { isConnected } = state
  const all = lanes.flatMap((lane) => lane.sections)
  const { sections, observed, slots, heard } = toCoverage(lanes)
  const count = (one: SectionState): number => all.filter(({ view }) => view.state === one).length
  // Whoever cannot see the estate now does not say that all is well.
  const isQuiet = isConnected && sections > 0 && count('blocked') === 0 && count('pre-alarm') === 0
  return (
    <div className="estate-counts">
      <ul className="counts" aria-label={words.counts}>
        {STATES.map((one) => (
          <li key={one} className={`count ${one}`} data-testid={`count-${one}`}>
            <span aria-hidden="true">{SHAPES[one]}</span> <b>{count(one)}</b> {states[one]}
          </li>
        ))}
      </ul>
      <p className="coverage" data-testid="coverage">
        {name !== undefined && (
          <>
            <b>{name}</b> ·{' '}
          </>
        )}
        {isQuiet && (
          <b>
            {words.noAlarms} · {observed === sections ? words.allSeen : words.butUnseen}
          </b>
        )}{' '}
        {words.coverage} {!isConnected && words.beforeLoss}{' '}
        <b>{sections === 0 ? '–' : `${Math.floor((100 * observed) / sections)} %`}</b> · {observed}/{sections}{' '}
        {words.sectionsSeen} · {heard}/{slots} {words.slotsHeard}
      </p>
      {nowMs !== undefined && <AlarmsToday nowMs={nowMs} />}
    </div>
  )
}
