import { NavBar, TabBar } from 'antd-mobile'
import type { ReactNode } from 'react'
import { lazy, Suspense, useEffect, useMemo, useReducer, useRef, useState } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { AlarmBar, SoundBar } from './alerting/alert-bars.tsx'
import { AlertingProvider, useAlerting } from './alerting/use-alerting.ts'
import { peekFeed } from './live/early.ts'
import { followLive, toChange } from './live/follow.ts'
import { keepState, recallState } from './live/last-state.ts'
import type { ConsoleState } from './live/state.ts'
import { reduce, toNowMs } from './live/state.ts'
import { ConsoleProvider } from './live/use-console.ts'
import { Freshness, LinkBanner } from './parts/link-banner.tsx'
import { usePlaces } from './parts/way-back.ts'
import { ROUTES } from './routes.ts'
import { EstateScreen } from './screens/estate/estate-screen.tsx'
import { MoreScreen } from './screens/more/more-screen.tsx'
import type { Language } from './words/language.ts'
import { firstLanguage, keepLanguage, LanguageProvider, translated } from './words/language.ts'

const WORDS = translated(
  {
    title: '消防车通道',
    estate: '现况',
    episodes: '事件',
    devices: '地磁',
    more: '更多',
    screens: '页面',
    other: 'English',
    notFound: '没有这个页面',
    opening: '正在打开…',
  },
  {
    title: 'Fire lanes',
    estate: 'Now',
    episodes: 'Episodes',
    devices: 'Sensors',
    more: 'More',
    screens: 'Screens',
    other: '中文',
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
const KEEP_EVERY_MS = 10_000

/** Only the first view is in the first piece: the other screens come while somebody looks at it. */
const loadEpisodes = () => import('./screens/episodes/episodes-screen.tsx')
const loadEpisode = () => import('./screens/episodes/episode-screen.tsx')
const loadDevices = () => import('./screens/devices/devices-screen.tsx')
const loadDevice = () => import('./screens/devices/device-screen.tsx')
const loadSlot = () => import('./screens/slots/slot-screen.tsx')
const EpisodesScreen = lazy(async () => ({ default: (await loadEpisodes()).EpisodesScreen }))
const EpisodeScreen = lazy(async () => ({ default: (await loadEpisode()).EpisodeScreen }))
const DevicesScreen = lazy(async () => ({ default: (await loadDevices()).DevicesScreen }))
const DeviceScreen = lazy(async () => ({ default: (await loadDevice()).DeviceScreen }))
const SlotScreen = lazy(async () => ({ default: (await loadSlot()).SlotScreen }))
/** What only few people open is fetched when they do. */
const GatewaysScreen = lazy(async () => ({
  default: (await import('./screens/gateways/gateways-screen.tsx')).GatewaysScreen,
}))
const LayoutScreen = lazy(async () => ({
  default: (await import('./screens/layout/layout-screen.tsx')).LayoutScreen,
}))

const FETCH_AHEAD_AFTER_MS = 3_000
/** A tap must not wait for a piece; one that cannot be had now is asked for again by the tap. */
const fetchAhead = (): void => {
  for (const load of [loadEpisodes, loadEpisode, loadDevices, loadDevice, loadSlot])
    load().catch(() => undefined)
}

/** What was known last on this device, and what the server has said by now: the first picture shows both. */
const firstState = (): ConsoleState =>
  peekFeed()
    .map(({ data, counterMs }) => toChange(data, counterMs))
    .filter((change) => change !== undefined)
    .reduce(reduce, recallState())

export const App = () => {
  const [state, take] = useReducer(reduce, undefined, firstState)
  const [language, setLanguage] = useState(firstLanguage)
  const [counterMs, setCounterMs] = useState(() => performance.now())
  const alerting = useAlerting(state.isConnected, counterMs)
  const { hear } = alerting
  useEffect(
    () =>
      followLive((change) => {
        take(change)
        hear(change)
      }),
    [],
  )
  useKeeping(state)
  useEffect(() => {
    const timer = window.setInterval(() => setCounterMs(performance.now()), TICK_MS)
    return () => window.clearInterval(timer)
  }, [])
  useEffect(() => keepLanguage(language), [language])
  useEffect(() => {
    const timer = window.setTimeout(fetchAhead, FETCH_AHEAD_AFTER_MS)
    return () => window.clearTimeout(timer)
  }, [])

  const nowMs = toNowMs(state, Math.max(counterMs, state.heard?.counterMs ?? 0))
  const silentMs = state.heard === undefined ? 0 : counterMs - state.heard.counterMs
  const console = useMemo(() => ({ state, nowMs }), [state, nowMs])
  return (
    <LanguageProvider value={language}>
      <ConsoleProvider value={console}>
        <AlertingProvider value={alerting}>
          <Shell
            language={language}
            onLanguage={setLanguage}
            silentMs={silentMs}
            isConnected={state.isConnected}
          >
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
              <Route path={ROUTES.device}>{({ device }) => <DeviceScreen device={device} />}</Route>
              <Route path={ROUTES.slot}>{({ slot }) => <SlotScreen slot={slot} />}</Route>
              <Route path={ROUTES.gateways}>
                <GatewaysScreen />
              </Route>
              <Route path={ROUTES.layout}>
                <LayoutScreen />
              </Route>
              <Route path={ROUTES.more}>
                <MoreScreen />
              </Route>
              <Route>
                <p role="alert">{WORDS[language].notFound}</p>
              </Route>
            </Switch>
          </Shell>
        </AlertingProvider>
      </ConsoleProvider>
    </LanguageProvider>
  )
}

/** Keeps what is known for a start without a server, now and then and when the page goes away. */
const useKeeping = (state: ConsoleState): void => {
  const latest = useRef(state)
  latest.current = state
  useEffect(() => {
    const keep = (): void => keepState(latest.current)
    const timer = window.setInterval(keep, KEEP_EVERY_MS)
    window.addEventListener('pagehide', keep)
    return () => {
      window.clearInterval(timer)
      window.removeEventListener('pagehide', keep)
    }
  }, [])
  // The first word is kept at once: the page may be killed before the next time.
  const hasWord = state.isConnected
  useEffect(() => keepState(latest.current), [hasWord])
}

/** What stands around every screen: where it is, how true it is, and where else to go. */
const Shell = ({
  language,
  onLanguage,
  silentMs,
  isConnected,
  children,
}: {
  readonly language: Language
  readonly onLanguage: (language: Language) => void
  readonly silentMs: number
  readonly isConnected: boolean
  readonly children: ReactNode
}) => {
  const words = WORDS[language]
  const [location, go] = useLocation()
  usePlaces()
  const tab =
    TABS.find(({ key }) => key !== ROUTES.estate && location.startsWith(key)) ??
    (isUnderMore(location) ? TABS[3] : TABS[0])
  return (
    <div className={isConnected ? 'page' : 'page stale'} data-testid="page" data-connected={isConnected}>
      <header>
        <NavBar
          backIcon={null}
          left={<Freshness silentMs={silentMs} />}
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
          <h1>{words.title}</h1>
        </NavBar>
        <LinkBanner silentMs={silentMs} />
        <SoundBar />
      </header>
      <main>
        <Suspense fallback={<p>{words.opening}</p>}>{children}</Suspense>
      </main>
      <AlarmBar />
      <nav aria-label={words.screens}>
        <TabBar activeKey={tab.key} onChange={(key) => go(key)} safeArea>
          {TABS.map(({ key, word }) => (
            <TabBar.Item key={key} title={words[word]} />
          ))}
        </TabBar>
      </nav>
    </div>
  )
}
