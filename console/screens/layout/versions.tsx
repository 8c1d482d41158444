import type { Layout, LayoutVersion } from '@clearlane/protocol'
import { Dialog } from 'antd-mobile'
import { useState } from 'react'
import type { Answer } from '../../live/ask.ts'
import { useConsole } from '../../live/use-console.ts'
import { useLayoutVersion } from '../../live/use-layout.ts'
import { ChoiceField, WhoField } from '../../parts/field.tsx'
import { useLanguage, useWords } from '../../words/language.ts'
import { toAgo, toMoment } from '../../words/time.ts'
import { diffLayouts } from './difference.ts'
import { DifferenceList } from './difference-list.tsx'
import { toWho, WORDS } from './words.ts'
import { Tap } from '../../parts/tap.tsx'

/** Every version with who and when, two of them compared, and an older one made the next. */
export const Versions = ({
  versions,
  who,
  onRestore,
  onClose,
}: {
  readonly versions: readonly LayoutVersion[]
  readonly who: readonly [string, (name: string) => void]
  readonly onRestore: (layout: Layout) => void
  readonly onClose: () => void
}) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { nowMs } = useConsole()
  const newest = versions[0]?.version ?? 1
  const [older, setOlder] = useState(versions[1]?.version ?? newest)
  const [newer, setNewer] = useState(newest)
  const before = useLayoutVersion(older)
  const after = useLayoutVersion(newer)
  const choices = versions.map(({ version, atMs, by }) => ({
    value: String(version),
    label: `${version} · ${toWho(by, words)} · ${toMoment(atMs, language)}`,
  }))
  const restore = async (): Promise<void> => {
    const layout = valueOf(before)
    if (layout === undefined) return
    const isSure = await Dialog.confirm({
      content: words.restoreAsk,
      confirmText: words.restore,
      cancelText: words.back,
    })
    if (isSure) onRestore(layout)
  }
  return (
    <div className="card" data-testid="versions">
      <h2>{words.versions}</h2>
      {versions.length === 0 && <p>{words.noVersions}</p>}
      <ul className="differences">
        {versions.slice(0, MAX_LISTED).map((one) => (
          <li key={one.version} data-testid={`version-${one.version}`}>
            <b>
              {words.version} {one.version}
            </b>{' '}
            · <bdi>{toWho(one.by, words)}</bdi> · {toMoment(one.atMs, language)}
            {nowMs !== undefined && ` · ${toAgo(nowMs - one.atMs, language)}`}
            {one.inForce.map(({ gateway, sinceMs }) => (
              <div key={gateway}>
                ✓ {gateway} {words.inForceSince} {toMoment(sinceMs, language)}
              </div>
            ))}
          </li>
        ))}
      </ul>
      {versions.length > 0 && (
        <>
          <h3>{words.compare}</h3>
          <div className="pair">
            <ChoiceField
              label={words.older}
              value={String(older)}
              choices={choices}
              testId="compare-older"
              onChange={(value) => setOlder(Number(value))}
            />
            <ChoiceField
              label={words.newerOne}
              value={String(newer)}
              choices={choices}
              testId="compare-newer"
              onChange={(value) => setNewer(Number(value))}
            />
          </div>
          <Compared before={valueOf(before)} after={valueOf(after)} />
          {older !== newest && (
            <>
              <WhoField who={who} />
              <Tap
                look="main"
                data-testid="restore"
                disabled={valueOf(before) === undefined || who[0].trim() === ''}
                onClick={() => void restore()}
              >
                {words.restore} ({older})
              </Tap>
              <p className="hint">{words.restoreHint}</p>
            </>
          )}
        </>
      )}
      <Tap onClick={onClose}>{words.close}</Tap>
    </div>
  )
}

const MAX_LISTED = 50

const Compared = ({
  before,
  after,
}: {
  readonly before: Layout | undefined
  readonly after: Layout | undefined
}) =>
  before === undefined || after === undefined ? null : (
    <DifferenceList differences={diffLayouts(before, after)} />
  )

const valueOf = <T,>(answer: Answer<T> | undefined): T | undefined =>
  answer?.kind === 'answer' ? answer.value : undefined
