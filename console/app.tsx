import { NavBar, TabBar } from 'antd-mobile'
import type { ReactNode } from 'react'
import { lazy, Suspense, useEffect, useMemo, useReducer, useState } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { followLive } from './live/follow.ts'
import { EMPTY_STATE, reduce, toNowMs } from './live/state.ts'
import { ConsoleProvider } from './live/use-console.ts'
import { ROUTES } from './routes.ts'
import { DeviceScreen } from './screens/devices/device-screen.tsx'
import { DevicesScreen } from './screens/devices/devices-screen.tsx'
import { EpisodeScreen } from './screens/episodes/episode-screen.tsx'
import { EpisodesScreen } from './screens/episodes/episodes-screen.tsx'
import { EstateScreen } from './screens/estate/estate-screen.tsx'
import { MoreScreen } from './screens/more/more-screen.tsx'
import { SlotScreen } from './screens/slots/slot-screen.tsx'
import type { Language } from './words/language.ts'
import { firstLanguage, keepLanguage, LanguageProvider, translated } from './words/language.ts'
import { toAgo } from './words/time.ts'

const WORDS = translated(
  {
    title: '消防车通道',
    estate: '现况',
    episodes: '事件',
    devices: '地磁',
    more: '更多',
    other: 'English',
    connecting: '正在连接…',
    serverGone: '与服务器的连接已断开，以下为断开前的状态',
    gatewayGone: '网关离线，其路段未监测',
    lastHeard: '最后更新',
    notFound: '没有这个页面',
    opening: '正在打开…',
  },
  {
    title: 'Fire lanes',
    estate: 'Now',
    episodes: 'Episodes',
    devices: 'Sensors',
    more: 'More',
    other: '中文',
    connecting: 'Connecting…',
    serverGone: 'The server is out of reach. This is the state before it went away',
    gatewayGone: 'A gateway is offline: its sections are unobserved',
    lastHeard: 'last heard',
    notFound: 'There is no such page',
    opening: 'Opening…',
  },
)

/** The tabs, in the thumb's reach; each owns the addresses that begin with its own. */
const TABS = [
  { key: ROUTES.estate, word: 'estate' },
  { key: ROUTES.episodes, word: 'episodes' },
  { key: ROUTES.devices, word: 'devices' },
  { key: ROUTES.more, word: 'more' },
] as const
const isUnderMore = (location: string): boolean =>
  [ROUTES.gateways, ROUTES.layout].some((route) => location.startsWith(route))

const TICK_MS = 1_000

/** What only few people open is fetched when they do. */
const GatewaysScreen = lazy(async () => ({
  default: (await import('./screens/gateways/gateways-screen.tsx')).GatewaysScreen,
}))
const LayoutScreen = lazy(async () => ({
  default: (await import('./screens/layout/layout-screen.tsx')).LayoutScreen,
}))

export const App = () => {
  const [state, take] = useReducer(reduce, EMPTY_STATE)
  const [language, setLanguage] = useState(firstLanguage)
  const [counterMs, setCounterMs] = useState(() => performance.now())
  useEffect(() => followLive('/api/v1/live', take), [])
  useEffect(() => {
    const timer = window.setInterval(() => setCounterMs(performance.now()), TICK_MS)
    return () => window.clearInterval(timer)
  }, [])
  useEffect(() => keepLanguage(language), [language])

  const nowMs = toNowMs(state, Math.max(counterMs, state.heard?.counterMs ?? 0))
  const silentMs = state.heard === undefined ? 0 : counterMs - state.heard.counterMs
  const console = useMemo(() => ({ state, nowMs }), [state, nowMs])
  return (
    <LanguageProvider value={language}>
      <ConsoleProvider value={console}>
        <Shell language={language} onLanguage={setLanguage} silentMs={silentMs} console={console}>
          <Switch>
            <Route path={ROUTES.estate}>
              <EstateScreen />
            </Route>
            <Route path={ROUTES.episodes}>
              <EpisodesScreen />
            </Route>
            <Route path={ROUTES.episode}>{({ id }) => <EpisodeScreen id={id} />}</Route>
            <Route path={ROUTES.devices}>
              <DevicesScreen />
            </Route>
            <Route path={ROUTES.gateways}>
              <GatewaysScreen />
            </Route>
            <Route path={ROUTES.layout}>
              <LayoutScreen />
            </Route>
            <Route path={ROUTES.device}>{({ device }) => <DeviceScreen device={device} />}</Route>
            <Route path={ROUTES.slot}>{({ slot }) => <SlotScreen slot={slot} />}</Route>
            <Route path={ROUTES.more}>
              <MoreScreen />
            </Route>
            <Route>
              <p role="alert">{WORDS[language].notFound}</p>
            </Route>
          </Switch>
        </Shell>
      </ConsoleProvider>
    </LanguageProvider>
  )
}

/** What stands around every screen: where it is, how true it is, and where else to go. */
const Shell = ({
  language,
  onLanguage,
  silentMs,
  console: { state },
  children,
}: {
  readonly language: Language
  readonly onLanguage: (language: Language) => void
  readonly silentMs: number
  readonly console: { readonly state: typeof EMPTY_STATE }
  readonly children: ReactNode
}) => {
  const words = WORDS[language]
  const [location, go] = useLocation()
  const isGatewayGone = [...state.gateways.values()].some((gateway) => !gateway.connected)
  const tab =
    TABS.find(({ key }) => key !== ROUTES.estate && location.startsWith(key)) ??
    (isUnderMore(location) ? TABS[3] : TABS[0])
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
            lang={language === 'zh' ? 'en' : 'zh-CN'}
            onClick={() => onLanguage(language === 'zh' ? 'en' : 'zh')}
          >
            {words.other}
          </button>
        }
      >
        {words.title}
      </NavBar>
      {state.heard === undefined && <p className="banner quiet">{words.connecting}</p>}
      {!state.isConnected && state.heard !== undefined && (
        <p className="banner" role="alert" data-testid="link-banner" data-link="server">
          {words.serverGone} · {words.lastHeard} {toAgo(silentMs, language)}
        </p>
      )}
      {state.isConnected && isGatewayGone && (
        <p className="banner" role="alert" data-testid="link-banner" data-link="gateway">
          {words.gatewayGone}
        </p>
      )}
      <main>
        <Suspense fallback={<p>{words.opening}</p>}>{children}</Suspense>
      </main>
      <TabBar activeKey={tab.key} onChange={(key) => go(key)} safeArea>
        {TABS.map(({ key, word }) => (
          <TabBar.Item key={key} title={words[word]} />
        ))}
      </TabBar>
    </div>
  )
}
