import { StateWord } from '../../parts/state-word.tsx'
import { useConsole } from '../../live/use-console.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toAgo } from '../../words/time.ts'
import type { SectionFacts } from './estate-facts.ts'
import { ESTATE_WORDS } from './words.ts'

/** What needs somebody stands on top. */
const ORDER = ['blocked', 'pre-alarm', 'unobserved', 'clear'] as const

/** Every section in words, where the plan has no room for them. */
export const SectionList = ({
  sections,
  onOpen,
}: {
  readonly sections: readonly SectionFacts[]
  readonly onOpen: (section: SectionFacts) => void
}) => {
  const words = useWords(ESTATE_WORDS)
  const language = useLanguage()
  const { nowMs } = useConsole()
  const ordered = sections.toSorted((a, b) => ORDER.indexOf(a.view.state) - ORDER.indexOf(b.view.state))
  return (
    <section className="section-list" aria-label={words.allSections}>
      <h2>{words.allSections}</h2>
      <ul>
        {ordered.map((section) => {
          const { view, unseenBecause } = section
          const heardMs = Math.max(0, ...view.slots.map(({ lastHeardMs = 0 }) => lastHeardMs))
          const silentMs = nowMs === undefined || heardMs === 0 ? undefined : nowMs - heardMs
          const ageMs = nowMs === undefined || view.sinceMs === undefined ? undefined : nowMs - view.sinceMs
          return (
            <li key={view.section}>
              <button type="button" onClick={() => onOpen(section)} data-testid={`row-${view.section}`}>
                <span>
                  {view.name}
                  {unseenBecause !== undefined && (
                    <small>
                      {' '}
                      {words[unseenBecause]}
                      {silentMs !== undefined && ` · ${words.lastHeard} ${toAgo(silentMs, language)}`}
                    </small>
                  )}
                </span>
                <StateWord status={view.state} ageMs={ageMs} />
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
