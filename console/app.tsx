import { NavBar, TabBar } from 'antd-mobile'
import { useEffect, useReducer, useState } from 'react'
import { Devices } from './devices.tsx'
import { Lanes } from './lanes.tsx'
import { followLive } from './live.ts'
import { EMPTY_STATE, reduce, toNowMs } from './state.ts'
import type { Language } from './words.ts'
import { toAge, WORDS } from './words.ts'

const LANGUAGE_KEY = 'clearlane.language'
const TICK_MS = 1_000

const firstLanguage = (): Language => {
  const kept = localStorage.getItem(LANGUAGE_KEY)
  if (kept === 'zh' || kept === 'en') return kept
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

export const App = () => {
  const [state, take] = useReducer(reduce, EMPTY_STATE)
  const [language, setLanguage] = useState(firstLanguage)
  const [tab, setTab] = useState('lanes')
  const [counterMs, setCounterMs] = useState(() => performance.now())
  useEffect(() => followLive('/api/v1/live', take), [])
  useEffect(() => {
    const timer = window.setInterval(() => setCounterMs(performance.now()), TICK_MS)
    return () => window.clearInterval(timer)
  }, [])
  useEffect(() => {
    localStorage.setItem(LANGUAGE_KEY, language)
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  }, [language])

  const words = WORDS[language]
  const nowMs = toNowMs(state, Math.max(counterMs, state.heard?.counterMs ?? 0))
  const silentMs = state.heard === undefined ? 0 : counterMs - state.heard.counterMs
  const isGatewayGone = [...state.gateways.values()].some((gateway) => !gateway.connected)
  const other: Language = language === 'zh' ? 'en' : 'zh'

  return (
    <div
      className={state.isConnected ? 'page' : 'page stale'}
      data-testid="page"
      data-connected={state.isConnected}
    >
      <NavBar
        backIcon={null}
        right={
          <button
            type="button"
            className="language"
            data-testid="language"
            onClick={() => setLanguage(other)}
          >
            {words.language}
          </button>
        }
      >
        {words.title}
      </NavBar>
      {state.heard === undefined && <p className="banner quiet">{words.connecting}</p>}
      {!state.isConnected && state.heard !== undefined && (
        <p className="banner" role="alert" data-testid="link-banner" data-link="server">
          {words.serverGone} · {words.lastHeard} {toAge(silentMs, words)}
        </p>
      )}
      {state.isConnected && isGatewayGone && (
        <p className="banner" role="alert" data-testid="link-banner" data-link="gateway">
          {words.gatewayGone}
        </p>
      )}
      <main>
        {tab === 'lanes' ? (
          <Lanes state={state} nowMs={nowMs} words={words} />
        ) : (
          <Devices state={state} words={words} />
        )}
      </main>
      <TabBar activeKey={tab} onChange={setTab} safeArea>
        <TabBar.Item key="lanes" title={words.lanes} />
        <TabBar.Item key="devices" title={words.devices} />
      </TabBar>
    </div>
  )
}
