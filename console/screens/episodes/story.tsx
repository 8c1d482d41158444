import type { EpisodeDetail, Evidence } from '@clearlane/protocol'
import { Link } from 'wouter'
import { toSlot } from '../../routes.ts'
import { toAxes, toField, toReason } from '../../words/evidence.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toMoment } from '../../words/time.ts'
import { TRANSITION_SHAPES, TRANSITION_WORDS } from '../../words/transitions.ts'
import { EPISODE_WORDS } from './episode-words.ts'
import { toStory } from './story-lines.ts'

/** What happened, in order: each event with who, why and on what evidence, and who has seen it. */
export const Story = ({ detail }: { readonly detail: EpisodeDetail }) => {
  const words = useWords(EPISODE_WORDS)
  const transitions = useWords(TRANSITION_WORDS)
  const language = useLanguage()
  return (
    <section>
      <h2>{words.story}</h2>
      <ol className="story" data-testid="story">
        {toStory(detail).map((line) => (
          <li
            key={`${line.kind} ${line.key}`}
            data-transition={line.kind === 'seen' ? 'seen' : line.event.transition}
          >
            {line.kind === 'seen' ? (
              <p>
                <b>
                  <span aria-hidden="true">◉</span> {words.seen}
                </b>{' '}
                {words.by} {line.seen.by} · {toMoment(line.seen.atMs, language)}
              </p>
            ) : (
              <>
                <p>
                  <b>
                    <span aria-hidden="true">{TRANSITION_SHAPES[line.event.transition]}</span>{' '}
                    {transitions[line.event.transition]}
                  </b>{' '}
                  · {toMoment(line.atMs, language)}
                </p>
                {line.event.transition === 'ended-by-hand' && (
                  <p>
                    {words.by} {line.event.episode.endedBy} · {words.reason}: {line.event.episode.endReason}
                  </p>
                )}
                {line.event.evidence.map((evidence) => (
                  <EvidenceWords
                    key={`${evidence.slot} ${evidence.reason}`}
                    evidence={evidence}
                    atMs={line.atMs}
                  />
                ))}
              </>
            )}
          </li>
        ))}
      </ol>
      {detail.seen.length === 0 && <p>{words.seenNone}</p>}
    </section>
  )
}

const EvidenceWords = ({ evidence, atMs }: { readonly evidence: Evidence; readonly atMs: number }) => {
  const words = useWords(EPISODE_WORDS)
  const language = useLanguage()
  const { slot, before, after, baseline, residualNt, thresholdNt, reason } = evidence
  const rows = [
    { word: words.before, field: before },
    { word: words.after, field: after },
    { word: words.baseline, field: baseline },
  ]
  return (
    <div className="evidence">
      <p>
        {words.evidence}: {toReason(reason, language)} · {words.slot}{' '}
        <Link href={toSlot(slot, atMs)}>{slot}</Link>
      </p>
      {residualNt !== undefined && thresholdNt !== undefined && (
        <p>
          {words.residual} <b>{toField(residualNt, language)}</b>{' '}
          {residualNt >= thresholdNt ? words.above : words.below} {words.threshold}{' '}
          {toField(thresholdNt, language)}
        </p>
      )}
      <dl className="facts">
        {rows.flatMap(({ word, field }) =>
          field === undefined
            ? []
            : [
                <dt key={word}>{word}</dt>,
                <dd key={`${word} X Y Z`}>
                  <small>X / Y / Z</small> {toAxes(field, language)}
                </dd>,
              ],
        )}
      </dl>
      {after === undefined && <p>{words.noEvidence}</p>}
    </div>
  )
}
