import type { EpisodeDetail } from '@clearlane/protocol'
import { EpisodeDetailSchema } from '@clearlane/protocol'
import { List } from 'antd-mobile'
import { useAsk } from '../../live/ask.ts'
import { translated, useLanguage, useWords } from '../../words/language.ts'
import { toMoment } from '../../words/time.ts'

const WORDS = translated(
  {
    detectedAt: '发现',
    confirmedAt: '告警',
    endedAt: '清空',
    rulesVersion: '规则版本',
    layoutVersion: '布局版本',
    evidence: '依据',
    slot: '车位',
    residual: '磁场偏离',
    threshold: '阈值',
    loadFailed: '没有取到，请重试',
  },
  {
    detectedAt: 'Detected',
    confirmedAt: 'Alarm',
    endedAt: 'Cleared',
    rulesVersion: 'Rules version',
    layoutVersion: 'Layout version',
    evidence: 'Evidence',
    slot: 'Slot',
    residual: 'Field off by',
    threshold: 'Threshold',
    loadFailed: 'It could not be loaded. Please try again',
  },
)

/** The facts of one episode: when, by which rules, and on what evidence. */
export const EpisodeScreen = ({ id }: { readonly id: string }) => {
  const words = useWords(WORDS)
  const answer = useAsk(`/episodes/${encodeURIComponent(id)}`, EpisodeDetailSchema)
  return (
    <div data-testid="episode-detail">
      {answer !== undefined && answer.kind !== 'answer' && <p role="alert">{words.loadFailed}</p>}
      {answer?.kind === 'answer' && <Facts detail={answer.value} />}
    </div>
  )
}

const Facts = ({ detail }: { readonly detail: EpisodeDetail }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { episode, events } = detail
  const time = (atMs: number | undefined): string => (atMs === undefined ? '–' : toMoment(atMs, language))
  return (
    <>
      <List>
        <List.Item extra={time(episode.detectedMs)}>{words.detectedAt}</List.Item>
        <List.Item extra={time(episode.confirmedMs)}>{words.confirmedAt}</List.Item>
        <List.Item extra={time(episode.endedMs)}>{words.endedAt}</List.Item>
        <List.Item extra={episode.rulesVersion}>{words.rulesVersion}</List.Item>
        <List.Item extra={episode.layoutVersion}>{words.layoutVersion}</List.Item>
      </List>
      <List header={words.evidence}>
        {events[0]?.event.evidence.map((one) => (
          <List.Item key={one.slot} description={one.reason}>
            {words.slot} {one.slot} · {words.residual} {((one.residualNt ?? 0) / 1000).toFixed(1)} µT ·{' '}
            {words.threshold} {((one.thresholdNt ?? 0) / 1000).toFixed(1)} µT
          </List.Item>
        ))}
      </List>
    </>
  )
}
