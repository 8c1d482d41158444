import { List } from 'antd-mobile'
import { useLocation } from 'wouter'
import { AlertingSettings } from '../../alerting/alerting-settings.tsx'
import { useConsole } from '../../live/use-console.ts'
import { ROUTES } from '../../routes.ts'
import { translated, useLanguage, useWords } from '../../words/language.ts'
import { toAgo } from '../../words/time.ts'
import { NotesList } from './notes-list.tsx'
import { WebhooksList } from './webhooks-list.tsx'

const WORDS = translated(
  {
    gateways: '网关',
    layout: '布局',
    layoutHint: '通道、路段、车位和平面图',
    online: '在线',
    offline: '离线',
    lastHeard: '最后上报',
    language: '语言',
    languageHint: '右上角可随时切换',
    thisLanguage: '中文',
    device: '这台设备',
  },
  {
    gateways: 'Gateways',
    layout: 'Layout',
    layoutHint: 'Lanes, sections, slots and the plan',
    online: 'online',
    offline: 'offline',
    lastHeard: 'last heard',
    language: 'Language',
    languageHint: 'Switch at the top right at any time',
    thisLanguage: 'English',
    device: 'This device',
  },
)

/** The way to everything that is not looked at every day. */
export const MoreScreen = () => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const [, go] = useLocation()
  const { state, nowMs } = useConsole()
  return (
    <>
      <AlertingSettings />
      <List>
        <List.Item data-testid="to-layout" description={words.layoutHint} onClick={() => go(ROUTES.layout)}>
          {words.layout}
        </List.Item>
      </List>
      <List header={words.gateways}>
        {[...state.gateways.values()].map(({ gateway, connected, lastHeardMs }) => (
          <List.Item
            key={gateway}
            data-testid={`gateway-${gateway}`}
            description={
              nowMs === undefined || lastHeardMs === undefined
                ? undefined
                : `${words.lastHeard} ${toAgo(nowMs - lastHeardMs, language)}`
            }
            extra={
              <span className={connected ? 'clear' : 'unobserved'}>
                {connected ? `● ${words.online}` : `? ${words.offline}`}
              </span>
            }
            onClick={() => go(ROUTES.gateways)}
          >
            {gateway}
          </List.Item>
        ))}
      </List>
      <NotesList />
      <WebhooksList />
      <List header={words.device}>
        <List.Item extra={words.thisLanguage} description={words.languageHint}>
          {words.language}
        </List.Item>
      </List>
    </>
  )
}
