import type { WebhookView } from '@clearlane/protocol'
import { WebhookViewSchema } from '@clearlane/protocol'
import { List } from 'antd-mobile'
import { useAsk } from '../../live/ask.ts'
import { toItems } from '../../live/items.ts'
import { translated, useLanguage, useWords } from '../../words/language.ts'
import { toShortMoment } from '../../words/time.ts'

const WORDS = translated(
  {
    title: '告警推送',
    sent: '已发出',
    waiting: '等待发送',
    last: '最近一条',
    works: '正常',
    fails: '发不出去',
    again: '会再试，下次',
    lost: '没有发出，已放弃',
    json: '程序接口',
    wecom: '企业微信',
    dingtalk: '钉钉',
    feishu: '飞书',
  },
  {
    title: 'Alarms told elsewhere',
    sent: 'sent',
    waiting: 'waiting',
    last: 'last',
    works: 'works',
    fails: 'does not go out',
    again: 'tried again at',
    lost: 'not sent, given up',
    json: 'Program',
    wecom: 'WeCom',
    dingtalk: 'DingTalk',
    feishu: 'Feishu',
  },
)

const REFRESH_MS = 10_000
const WebhooksSchema = toItems(WebhookViewSchema)

/** Where alarms are told outside the console: whether it works, and what was given up, with the receiver's reason. */
export const WebhooksList = () => {
  const words = useWords(WORDS)
  const answer = useAsk('/webhooks', WebhooksSchema, REFRESH_MS)
  if (answer?.kind !== 'answer' || answer.value.items.length === 0) return null
  return (
    <List header={words.title}>
      {answer.value.items.map((view) => (
        <Webhook key={view.webhook} view={view} />
      ))}
    </List>
  )
}

const Webhook = ({ view }: { readonly view: WebhookView }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { webhook, kind, sent, waiting, lastSentMs, failing, givenUp } = view
  const lines = [
    `${words.sent} ${sent}`,
    ...(waiting > 0 ? [`${words.waiting} ${waiting}`] : []),
    ...(lastSentMs === undefined ? [] : [`${words.last} ${toShortMoment(lastSentMs, language)}`]),
  ]
  return (
    <List.Item
      data-testid={`webhook-${webhook}`}
      extra={
        <span className={failing === undefined ? 'clear' : 'blocked'}>
          {failing === undefined ? `● ${words.works}` : `■ ${words.fails}`}
        </span>
      }
      description={
        <>
          <div>{lines.join(' · ')}</div>
          {failing !== undefined && (
            <div>
              <bdi>{failing.reason}</bdi> · {words.again} {toShortMoment(failing.nextMs, language)}
            </div>
          )}
          {givenUp.map(({ episode, word, madeMs, reason }) => (
            <div key={`${episode} ${word}`}>
              {words.lost}: {toShortMoment(madeMs, language)} · <bdi>{reason}</bdi>
            </div>
          ))}
        </>
      }
    >
      {words[kind]} · <bdi>{webhook}</bdi>
    </List.Item>
  )
}
