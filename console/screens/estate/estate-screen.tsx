import type { SectionState, SectionView } from '@clearlane/protocol'
import { List } from 'antd-mobile'
import { useLocation } from 'wouter'
import { useConsole } from '../../live/use-console.ts'
import { StateWord } from '../../parts/state-word.tsx'
import { toEpisode } from '../../routes.ts'
import { useWords } from '../../words/language.ts'
import { SHAPES, STATE_WORDS } from '../../words/states.ts'

const STATES = ['blocked', 'pre-alarm', 'clear', 'unobserved'] as const satisfies readonly SectionState[]

/** The estate at a glance: how many sections are in which state, and each of them, lane by lane. */
export const EstateScreen = () => {
  const { state, nowMs } = useConsole()
  const words = useWords(STATE_WORDS)
  const sections = [...state.sections.values()]
  const lanes = Map.groupBy(sections, (section) => section.lane)
  return (
    <>
      <ul className="counts">
        {STATES.map((one) => (
          <li key={one} className={`count ${one}`} data-testid={`count-${one}`}>
            <span aria-hidden="true">{SHAPES[one]}</span>{' '}
            <b>{sections.filter((section) => section.state === one).length}</b> {words[one]}
          </li>
        ))}
      </ul>
      {[...lanes].map(([lane, own]) => (
        <List key={lane} header={own[0]?.laneName} className="lane">
          {own.map((section) => (
            <Section key={section.section} section={section} nowMs={nowMs} />
          ))}
        </List>
      ))}
    </>
  )
}

const Section = ({
  section,
  nowMs,
}: {
  readonly section: SectionView
  readonly nowMs: number | undefined
}) => {
  const [, go] = useLocation()
  const { state, sinceMs, episode } = section
  return (
    <List.Item
      data-testid={`section-${section.section}`}
      data-state={state}
      {...(episode !== undefined && { onClick: () => go(toEpisode(episode)) })}
      extra={
        <StateWord
          status={state}
          ageMs={nowMs === undefined || sinceMs === undefined ? undefined : nowMs - sinceMs}
        />
      }
      arrowIcon={false}
    >
      {section.name}
    </List.Item>
  )
}
