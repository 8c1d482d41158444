import type { Layout, LayoutVersion } from '@clearlane/protocol'
import { useConsole } from '../../live/use-console.ts'
import { Ago } from '../../parts/ago.tsx'
import { useLanguage, useWords } from '../../words/language.ts'
import { toMoment } from '../../words/time.ts'
import { toWho, WORDS } from './words.ts'

/** Who saved this version and when, and since when each gateway has had it in force. */
export const InForce = ({
  version,
  layout,
}: {
  readonly version: LayoutVersion | undefined
  readonly layout: Layout
}) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { nowMs } = useConsole()
  if (version === undefined) return null
  const { by, atMs, inForce } = version
  const waiting = [...new Set(layout.sections.map((section) => section.gateway))].filter(
    (gateway) => !inForce.some((one) => one.gateway === gateway),
  )
  return (
    <p data-testid="in-force" data-waiting={waiting.length}>
      {words.version} {version.version} · {words.by} <bdi>{toWho(by, words)}</bdi>
      {nowMs !== undefined && (
        <>
          {' · '}
          <Ago atMs={atMs} nowMs={nowMs} />
        </>
      )}
      {inForce.map(({ gateway, sinceMs }) => (
        <span key={gateway} className="clear">
          <br />✓ {gateway} {words.inForceSince} {toMoment(sinceMs, language)}
        </span>
      ))}
      {waiting.map((gateway) => (
        <span key={gateway} className="pre-alarm">
          <br />… {words.waitingFor} <bdi>{gateway}</bdi>
        </span>
      ))}
    </p>
  )
}
