import { List } from 'antd-mobile'
import { AlertingSettings } from '../../alerting/alerting-settings.tsx'
import { useConsole } from '../../live/use-console.ts'
import { translated, useLanguage, useWords } from '../../words/language.ts'
import { toAgo } from '../../words/time.ts'

const WORDS = translated(
  { gateways: '网关', online: '在线', offline: '离线' },
  { gateways: 'Gateways', online: 'online', offline: 'offline' },
)

/** The way to everything that is not looked at every day. */
export const MoreScreen = () => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { state, nowMs } = useConsole()
  return (
    <>
      <AlertingSettings />
      <List header={words.gateways}>
        {[...state.gateways.values()].map(({ gateway, connected, lastHeardMs }) => (
          <List.Item
            key={gateway}
            data-testid={`gateway-${gateway}`}
            description={
              nowMs === undefined || lastHeardMs === undefined
                ? undefined
                : toAgo(nowMs - lastHeardMs, language)
            }
            extra={connected ? words.online : words.offline}
          >
            {gateway}
          </List.Item>
        ))}
      </List>
    </>
  )
}
