import type { EpisodeDetail } from '@clearlane/protocol'
import { EpisodeDetailSchema } from '@clearlane/protocol'
import { Button, List, Popup } from 'antd-mobile'
import { useEffect, useState } from 'react'
import type { Words } from './words.ts'

type Props = { readonly id: string | undefined; readonly words: Words; readonly onClose: () => void }

/** The facts of one episode: when, by which rules, and on what evidence. */
export const EpisodePopup = ({ id, words, onClose }: Props) => {
  const [detail, setDetail] = useState<EpisodeDetail | 'failed'>()
  useEffect(() => {
    setDetail(undefined)
    if (id === undefined) return undefined
    const abort = new AbortController()
    fetch(`/api/v1/episodes/${encodeURIComponent(id)}`, { signal: abort.signal })
      .then(async (response) => setDetail(EpisodeDetailSchema.parse(await response.json())))
      .catch(() => {
        if (!abort.signal.aborted) setDetail('failed')
      })
    return () => abort.abort()
  }, [id])
  return (
    <Popup visible={id !== undefined} onClose={onClose} onMaskClick={onClose} bodyClassName="popup">
      <div data-testid="episode-detail">
        {detail === 'failed' && <p role="alert">{words.loadFailed}</p>}
        {detail !== undefined && detail !== 'failed' && <Facts detail={detail} words={words} />}
      </div>
      <Button block color="primary" size="large" onClick={onClose}>
        {words.close}
      </Button>
    </Popup>
  )
}

const Facts = ({ detail, words }: { readonly detail: EpisodeDetail; readonly words: Words }) => {
  const { episode, events } = detail
  const time = (atMs: number | undefined): string =>
    atMs === undefined ? '–' : new Date(atMs).toLocaleString()
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
