import type { GatewayView, HealthMessage } from '@clearlane/protocol'
import { GatewayViewSchema, StatusSchema } from '@clearlane/protocol'
import { useRef } from 'react'
import { useAsk } from '../../live/ask.ts'
import { toItems } from '../../live/items.ts'
import { useConsole } from '../../live/use-console.ts'
import { Ago } from '../../parts/ago.tsx'
import { localeOf, translated, useLanguage, useWords } from '../../words/language.ts'
import { toAge, toMoment } from '../../words/time.ts'
import type { Sounding } from './log-room.ts'
import { toLogRoom } from './log-room.ts'
import { ADVICE, hasAdvice } from './refusal-advice.ts'
import { Beside } from './beside.tsx'
import './gateways.css'

const WORDS = translated(
  {
    title: '网关',
    loading: '正在取网关状态…',
    failed: '没有连上服务器，网关状态没有取到。连上后会自己出现。',
    none: '布局里还没有网关。在布局里给路段填上判定网关。',
    online: '在线',
    offline: '离线',
    neverHeard: '从未收到它的消息。检查网关的电源、网络和账号。',
    heard: '最后上报',
    asOf: '以下都是离线前的状态，距现在',
    clock: '时钟',
    clockGood: '已对准',
    clockUnknown: '没有对准：告警照常，但时间要等对准后才知道。给网关接上网络对时。',
    layout: '布局版本',
    rules: '规则版本',
    readings: '读数记录',
    events: '事件记录',
    rows: '条',
    waiting: '等待送达中心',
    size: '占用',
    room: '断线后还能存',
    roomUnknown: '正在量，要收到两次状态才能算',
    assumed: '按最近的速度和每条大小估算；记录最多 2 GB、7 天，中心已有的先让出',
    perHour: '条/小时',
    dropped: '没送到就被覆盖',
    parked: '放在一边，未送达',
    skipped: '中心没有收到的空缺',
    links: '链路',
    up: '通',
    down: '断',
    since: '已',
    refused: '拒收',
    nothingRefused: '启动以来没有拒收。',
    times: '次',
    last: '最近',
    sample: '样本',
    noAdvice: '把样本发给工程师。',
    unknownDevices: '未登记地磁',
    devices: '听到的地磁',
  },
  {
    title: 'Gateways',
    loading: 'Fetching the state of the gateways…',
    failed: 'The server is out of reach, so their state is not known. It appears by itself once it is back.',
    none: 'The layout names no gateway yet. Name one in each section of the layout.',
    online: 'online',
    offline: 'offline',
    neverHeard: 'Never heard. Check its power, network and account.',
    heard: 'last heard',
    asOf: 'All below is as it was before it went offline, so long ago:',
    clock: 'Clock',
    clockGood: 'set',
    clockUnknown:
      'not set: it alarms all the same, but times are known only once it is. Give it a time source.',
    layout: 'Layout version',
    rules: 'Rules version',
    readings: 'Readings log',
    events: 'Event log',
    rows: 'rows',
    waiting: 'waiting for the centre',
    size: 'takes',
    room: 'Room if the line is lost',
    roomUnknown: 'not known yet, it takes two reports',
    assumed:
      'Estimated from the present rate and size of readings; the log keeps at most 2 GB and 7 days, and what the centre has goes first',
    perHour: 'rows/h',
    dropped: 'overwritten before they arrived',
    parked: 'put aside, not delivered',
    skipped: 'missing at the centre for good',
    links: 'Links',
    up: 'up',
    down: 'down',
    since: 'for',
    refused: 'Refused',
    nothingRefused: 'Nothing was refused since its start.',
    times: 'times',
    last: 'last',
    sample: 'Sample',
    noAdvice: 'Show the sample to an engineer.',
    unknownDevices: 'Unregistered sensors',
    devices: 'Sensors heard',
  },
)

const REFRESH_MS = 5_000
const GatewaysSchema = toItems(GatewayViewSchema)

/** How each gateway is: what it knows, keeps, hears and refuses, and what to do about it. */
export const GatewaysScreen = () => {
  const words = useWords(WORDS)
  const answer = useAsk('/gateways', GatewaysSchema, REFRESH_MS)
  const status = useAsk('/status', StatusSchema, REFRESH_MS)
  if (answer === undefined) return <p className="card">{words.loading}</p>
  if (answer.kind !== 'answer')
    return (
      <p className="card" role="alert">
        {words.failed}
      </p>
    )
  const { items } = answer.value
  return (
    <div data-testid="gateways">
      <h2 className="screen-title">{words.title}</h2>
      {items.length === 0 && <p className="card">{words.none}</p>}
      {items.map((view) => (
        <Gateway
          key={view.gateway}
          view={view}
          nowMs={status?.kind === 'answer' ? status.value.nowMs : undefined}
        />
      ))}
    </div>
  )
}

const Gateway = ({
  view,
  nowMs: toldMs,
}: {
  readonly view: GatewayView
  readonly nowMs: number | undefined
}) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { state, nowMs = toldMs } = useConsole()
  const { gateway, lastHeardMs, health, skippedRows } = view
  // The live feed knows first.
  const connected = state.isConnected && (state.gateways.get(gateway)?.connected ?? view.connected)
  const ageMs = nowMs === undefined || lastHeardMs === undefined ? undefined : nowMs - lastHeardMs
  return (
    <section
      className={connected ? 'card gateway' : 'card gateway away'}
      data-testid={`gateway-${gateway}`}
      data-connected={connected}
    >
      <h2>
        <bdi>{gateway}</bdi>{' '}
        <span className={connected ? 'state clear' : 'state unobserved'}>
          {connected ? `● ${words.online}` : `? ${words.offline}`}
        </span>
      </h2>
      {nowMs !== undefined && lastHeardMs !== undefined && (
        <p data-testid="heard">
          {words.heard} <Ago atMs={lastHeardMs} nowMs={nowMs} />
        </p>
      )}
      {health === undefined && <p>{words.neverHeard}</p>}
      {!connected && health !== undefined && ageMs !== undefined && (
        <p className="note" role="alert">
          {words.asOf} {toAge(ageMs, language)}
        </p>
      )}
      {health !== undefined && <Health health={health} skippedRows={skippedRows} />}
    </section>
  )
}

const Health = ({
  health,
  skippedRows,
}: {
  readonly health: HealthMessage
  readonly skippedRows: GatewayView['skippedRows']
}) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { clock, layoutVersion, rulesVersion, readings, events, links, refusals } = health
  const number = (value: number): string => Math.round(value).toLocaleString(localeOf(language))
  return (
    <>
      <dl>
        <dt>{words.clock}</dt>
        <dd className={clock === 'gateway' ? undefined : 'pre-alarm'}>
          {clock === 'gateway' ? words.clockGood : `▲ ${words.clockUnknown}`}
        </dd>
        <dt>{words.layout}</dt>
        <dd>{layoutVersion}</dd>
        <dt>{words.rules}</dt>
        <dd>{rulesVersion}</dd>
        <dt>{words.devices}</dt>
        <dd>{number(health.devices.length)}</dd>
        <dt>{words.unknownDevices}</dt>
        <dd>{number(health.unknownDevices.length)}</dd>
      </dl>
      <h3>{words.links}</h3>
      <ul className="lines">
        {links.map(({ id, state, sinceMs, detail }) => (
          <li key={id} data-testid={`link-${id}`} data-state={state}>
            <bdi>{id}</bdi>{' '}
            <b className={state === 'up' ? 'clear' : 'blocked'}>
              {state === 'up' ? `● ${words.up}` : `■ ${words.down}`}
            </b>{' '}
            {words.since} {toAge(health.atMs - sinceMs, language)} ({toMoment(sinceMs, language)})
            {state === 'down' && detail !== undefined && (
              <>
                <br />
                <bdi>{detail}</bdi>
              </>
            )}
          </li>
        ))}
      </ul>
      <Beside health={health} />
      <h3>{words.readings}</h3>
      <Depth log={readings} skipped={skippedRows.readings} number={number} />
      <Room health={health} number={number} />
      <h3>{words.events}</h3>
      <Depth log={events} skipped={skippedRows.events} number={number} />
      <h3>{words.refused}</h3>
      {refusals.length === 0 && <p>{words.nothingRefused}</p>}
      <ul className="lines">
        {refusals.map((refusal) => (
          <Refused key={refusal.reason} refusal={refusal} atMs={health.atMs} number={number} />
        ))}
      </ul>
    </>
  )
}

type ToNumber = (value: number) => string

const Depth = ({
  log,
  skipped,
  number,
}: {
  readonly log: HealthMessage['readings']
  readonly skipped: number
  readonly number: ToNumber
}) => {
  const words = useWords(WORDS)
  const { committedRow, acknowledgedRow, bytes, droppedRows, parkedRows } = log
  return (
    <p>
      {number(committedRow)} {words.rows} · {words.size} {(bytes / 1024 / 1024).toFixed(1)} MB ·{' '}
      {words.waiting} {number(committedRow - acknowledgedRow)} {words.rows}
      {[
        { count: droppedRows, word: words.dropped },
        { count: parkedRows, word: words.parked },
        { count: skipped, word: words.skipped },
      ].map(
        ({ count, word }) =>
          count > 0 && (
            <b key={word} className="pre-alarm fault">
              ▲ {number(count)} {words.rows} · {word}
            </b>
          ),
      )}
    </p>
  )
}

/** How long the gateway could keep readings, by the rate seen since the screen was opened. */
const Room = ({ health, number }: { readonly health: HealthMessage; readonly number: ToNumber }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const last: Sounding = { atMs: health.atMs, log: health.readings }
  const first = useRef({ epoch: health.epoch, sounding: last })
  if (first.current.epoch !== health.epoch) first.current = { epoch: health.epoch, sounding: last }
  const { hoursLeft, rowsPerHour } = toLogRoom(first.current.sounding, last)
  return (
    <p data-testid="room">
      {words.room}{' '}
      {hoursLeft === undefined ? (
        words.roomUnknown
      ) : (
        <>
          <b>{toAge(hoursLeft * 3_600_000, language)}</b>
          {rowsPerHour !== undefined && ` (${number(rowsPerHour)} ${words.perHour})`}
        </>
      )}
      <br />
      <small>{words.assumed}</small>
    </p>
  )
}

const Refused = ({
  refusal: { reason, count, lastMs, sample },
  atMs,
  number,
}: {
  readonly refusal: HealthMessage['refusals'][number]
  readonly atMs: number
  readonly number: ToNumber
}) => {
  const words = useWords(WORDS)
  const advice = useWords(ADVICE)
  return (
    <li data-testid={`refusal-${reason}`}>
      <b>{reason}</b> · {number(count)} {words.times} · {words.last} <Ago atMs={lastMs} nowMs={atMs} />
      <br />
      {hasAdvice(reason) ? advice[reason] : words.noAdvice}
      <details>
        <summary>{words.sample}</summary>
        <code>{sample}</code>
      </details>
    </li>
  )
}
