import type { EpisodeDetail, Layout } from '@clearlane/protocol'
import { EpisodeDetailSchema } from '@clearlane/protocol'
import { useState } from 'react'
import { Link } from 'wouter'
import { useAsk } from '../../live/ask.ts'
import { startOf } from '../../live/state.ts'
import { useConsole } from '../../live/use-console.ts'
import { useLayout } from '../../live/use-layout.ts'
import { StateWord } from '../../parts/state-word.tsx'
import { stepBackTo } from '../../parts/way-back.ts'
import { ROUTES } from '../../routes.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toStatus } from '../../words/states.ts'
import { toAge, toMoment } from '../../words/time.ts'
import { EndByHand } from './end-by-hand.tsx'
import { EPISODE_WORDS } from './episode-words.ts'
import './episode.css'
import { FieldAround } from './field-around.tsx'
import { ShareLink } from './share-link.tsx'
import { Story } from './story.tsx'

const REFRESH_MS = 5_000

/** One episode: what happened in order, by which rules and on what evidence, and the field around it. */
export const EpisodeScreen = ({ id }: { readonly id: string }) => {
  const words = useWords(EPISODE_WORDS)
  const answer = useAsk(`/episodes/${encodeURIComponent(id)}`, EpisodeDetailSchema, REFRESH_MS)
  const layout = useLayout()
  return (
    <article className="episode" data-testid="episode-detail">
      <p className="back">
        <Link href={ROUTES.episodes} onClick={stepBackTo(ROUTES.episodes)}>
          {words.back}
        </Link>
      </p>
      {answer === undefined && <p>{words.loading}</p>}
      {answer !== undefined && answer.kind !== 'answer' && (
        <p role="alert">
          {answer.kind === 'refused' && answer.code === 'not-found' ? words.notFound : words.loadFailed}
        </p>
      )}
      {answer?.kind === 'answer' && <Episode key={id} detail={answer.value} layout={layout} />}
    </article>
  )
}

const Episode = ({
  detail,
  layout,
}: {
  readonly detail: EpisodeDetail
  readonly layout: Layout | undefined
}) => {
  const words = useWords(EPISODE_WORDS)
  const language = useLanguage()
  const { state, nowMs } = useConsole()
  const [isEndedHere, setEndedHere] = useState(false)
  // The feed is faster than the page's own asking.
  const live = state.episodes.get(detail.episode.id)
  const view = live !== undefined && live.episode.revision > detail.episode.revision ? live : detail
  const { episode } = view
  const sections = new Map([...state.sections.values()].map((section) => [section.section, section]))
  const name = episode.sections.map((section) => sections.get(section)?.name ?? section).join(', ')
  const laneName = sections.get(episode.sections[0] ?? '')?.laneName ?? episode.lane
  const isOpen = episode.end === undefined
  const untilMs = isOpen ? nowMs : (episode.endedMs ?? view.receivedMs)
  const time = (atMs: number | undefined): string =>
    atMs === undefined ? words.notYet : toMoment(atMs, language)
  return (
    <>
      <header>
        <h1>{name}</h1>
        <p>{laneName}</p>
        <p className="episode-state" data-testid="episode-state" data-status={toStatus(view)}>
          <StateWord status={toStatus(view)} />{' '}
          {untilMs !== undefined && (
            <>
              {words.lasted} <b>{toAge(untilMs - startOf(view), language)}</b>
            </>
          )}
        </p>
        {view.late && <p>{words.late}</p>}
        <p className="episode-actions">
          <ShareLink title={`${name} · ${toMoment(startOf(view), language)}`} />
        </p>
        {(isOpen || isEndedHere) && <EndByHand id={episode.id} onEnded={() => setEndedHere(true)} />}
      </header>
      <Story detail={detail} />
      <section>
        <h2>{words.facts}</h2>
        <dl className="facts">
          <dt>{words.detectedAt}</dt>
          <dd>{time(episode.detectedMs)}</dd>
          <dt>{words.confirmedAt}</dt>
          <dd>{time(episode.confirmedMs)}</dd>
          {episode.escalatedMs !== undefined && (
            <>
              <dt>{words.escalatedAt}</dt>
              <dd>{time(episode.escalatedMs)}</dd>
            </>
          )}
          <dt>{words.endedAt}</dt>
          <dd>{isOpen ? words.notYet : time(episode.endedMs ?? view.receivedMs)}</dd>
          <dt>{words.rulesVersion}</dt>
          <dd>{episode.rulesVersion}</dd>
          <dt>{words.layoutVersion}</dt>
          <dd>{episode.layoutVersion}</dd>
          <dt>{words.gateway}</dt>
          <dd>{view.gateway}</dd>
        </dl>
      </section>
      <FieldAround view={view} events={detail.events} layout={layout} />
    </>
  )
}
