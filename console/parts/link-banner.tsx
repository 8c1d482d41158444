import { useConsole } from '../live/use-console.ts'
import { translated, useLanguage, useWords } from '../words/language.ts'
import { toAgo, toClock } from '../words/time.ts'

const WORDS = translated(
  {
    connecting: '正在连接…',
    offline: '离线，以下状态停在',
    serverGone: '连不上服务器，正在自动重连。现在有没有占用，这里看不到。',
    lastHeard: '最后更新',
    gateway: '网关',
    gatewayGone: '离线，它管的路段未监测',
    live: '实时',
  },
  {
    connecting: 'Connecting…',
    offline: 'Offline. Below is the state of',
    serverGone:
      'The server is out of reach; the link is tried again by itself. What is blocked now cannot be seen here.',
    lastHeard: 'last heard',
    gateway: 'Gateway',
    gatewayGone: 'is offline: its sections are unobserved',
    live: 'Live',
  },
)

/** Says who is gone: the server, whose last word is shown as such, or a gateway, whose sections nobody can see. */
export const LinkBanner = ({ silentMs }: { readonly silentMs: number }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { state, nowMs } = useConsole()
  const { heard } = state
  if (!state.isConnected && !state.isLost)
    return (
      <p className="banner quiet" data-testid="link-banner" data-link="connecting">
        {words.connecting}
        {heard !== undefined && ` ${words.offline} ${toClock(heard.domainMs, nowMs, language)}`}
      </p>
    )
  if (!state.isConnected)
    return (
      <p className="banner" role="alert" data-testid="link-banner" data-link="server">
        {heard !== undefined && (
          <b>
            {words.offline} {toClock(heard.domainMs, nowMs, language)}{' '}
          </b>
        )}
        {words.serverGone}
        {heard !== undefined && (
          <span className="counting" aria-live="off">
            {' '}
            {words.lastHeard} {toAgo(silentMs, language)}
          </span>
        )}
      </p>
    )
  const gone = [...state.gateways.values()].filter((gateway) => !gateway.connected)
  if (gone.length === 0) return null
  return (
    <p className="banner gateway-gone" role="alert" data-testid="link-banner" data-link="gateway">
      {gone.map(({ gateway, lastHeardMs }) => (
        <span key={gateway}>
          <b>
            ? {words.gateway} {gateway}
          </b>{' '}
          {words.gatewayGone}
          {nowMs !== undefined && lastHeardMs !== undefined && (
            <span aria-live="off">
              {' '}
              · {words.lastHeard} {toAgo(nowMs - lastHeardMs, language)}
            </span>
          )}
        </span>
      ))}
    </p>
  )
}

/** How old what is on the screen is; on every screen. */
export const Freshness = ({ silentMs }: { readonly silentMs: number }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { state } = useConsole()
  if (state.heard === undefined) return null
  return (
    <span className="freshness" data-testid="freshness" data-live={state.isConnected}>
      {state.isConnected && `● ${words.live} · `}
      {toAgo(silentMs, language)}
    </span>
  )
}
