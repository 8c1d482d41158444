import type { DeviceView, Layout } from '@clearlane/protocol'
import { DeviceViewSchema, SlotSeriesSchema } from '@clearlane/protocol'
import { useState } from 'react'
import { Link } from 'wouter'
import { DAY_MS, HOUR_MS } from '../../charts/span.ts'
import { useAsk } from '../../live/ask.ts'
import { useConsole } from '../../live/use-console.ts'
import { Ago } from '../../parts/ago.tsx'
import { Tap } from '../../parts/tap.tsx'
import { ROUTES, toSlot } from '../../routes.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toAge, toAgo, toMoment, toShortMoment } from '../../words/time.ts'
import { ChooseSlot } from './choose-slot.tsx'
import { DEVICES_WORDS } from './device-words.ts'
import './devices.css'
import { UnknownDevicesSchema } from './devices-screen.tsx'
import { OutcomeBar } from './outcome-bar.tsx'
import { Sheet } from './sheet.tsx'
import { isWeak } from './troubles.ts'
import type { BindingsHook } from './use-bindings.ts'
import { useBindings } from './use-bindings.ts'

const REFRESH_MS = 5_000

/** One sensor: how it is, where it stands, what it has missed, and the ways to move, swap or take it out. */
export const DeviceScreen = ({ device }: { readonly device: string }) => {
  const words = useWords(DEVICES_WORDS)
  const bindings = useBindings()
  const { layout, outcome, undo } = bindings
  const slot = layout?.slots.find((one) => one.device === device)?.id
  // Asked anew when it moves.
  const answer = useAsk(
    slot === undefined ? undefined : `/devices/${encodeURIComponent(device)}`,
    DeviceViewSchema,
    REFRESH_MS,
  )
  return (
    <article className="devices" data-testid="device">
      <p>
        <Link href={ROUTES.devices}>{words.back}</Link>
      </p>
      <h1>{device}</h1>
      {layout === undefined && <p>{words.loading}</p>}
      {layout !== undefined && slot === undefined && <Nowhere device={device} />}
      {answer !== undefined && answer.kind !== 'answer' && <p role="alert">{words.failed}</p>}
      {answer?.kind === 'answer' && slot !== undefined && (
        <>
          <Facts view={{ ...answer.value, slot }} />
          <Gaps slot={slot} />
        </>
      )}
      {layout !== undefined && (
        <Actions key={slot} device={device} slot={slot} layout={layout} change={bindings.change} />
      )}
      <OutcomeBar outcome={outcome} undo={undo} />
    </article>
  )
}

const Nowhere = ({ device }: { readonly device: string }) => {
  const words = useWords(DEVICES_WORDS)
  const { nowMs } = useConsole()
  const answer = useAsk('/unknown-devices', UnknownDevicesSchema, REFRESH_MS)
  const heard =
    answer?.kind === 'answer' ? answer.value.items.find((one) => one.device === device) : undefined
  return (
    <>
      <p data-testid="device-nowhere">{words.notBound}</p>
      {heard !== undefined && nowMs !== undefined && (
        <p>
          {words.notBoundHeard} {words.lastHeard} <Ago atMs={heard.lastHeardMs} nowMs={nowMs} />
          {heard.rssiDbm !== undefined && ` · ${words.signal} ${heard.rssiDbm} dBm`}
        </p>
      )}
    </>
  )
}

const Facts = ({ view }: { readonly view: DeviceView }) => {
  const words = useWords(DEVICES_WORDS)
  const language = useLanguage()
  const { nowMs } = useConsole()
  const { lastHeardMs, batteryMv, lowBattery, rssiDbm, missing, isGatewayConnected } = view
  return (
    <>
      {!isGatewayConnected && <p role="alert">{words.gatewayGone}</p>}
      <dl className="facts">
        <dt>{words.stands}</dt>
        <dd>
          {view.laneName} · {view.sectionName} · {view.slot}{' '}
          <Link href={toSlot(view.slot)}>{words.openSlot}</Link>
        </dd>
        <dt>{words.lastHeard}</dt>
        <dd>
          {lastHeardMs === undefined || nowMs === undefined
            ? words.neverHeard
            : `${toAgo(nowMs - lastHeardMs, language)} (${toMoment(lastHeardMs, language)})`}
        </dd>
        <dt>{words.battery}</dt>
        <dd>
          {batteryMv === undefined ? '–' : `${(batteryMv / 1000).toFixed(2)} V`}{' '}
          {lowBattery ? (
            <span className="state pre-alarm">▲ {words.batteryLow}</span>
          ) : (
            batteryMv !== undefined && words.batteryOk
          )}
        </dd>
        <dt>{words.signal}</dt>
        <dd>
          {rssiDbm === undefined ? '–' : `${rssiDbm} dBm`}{' '}
          {rssiDbm !== undefined &&
            (isWeak(rssiDbm) ? (
              <span className="state pre-alarm">▲ {words.signalWeak}</span>
            ) : (
              words.signalGood
            ))}
        </dd>
        <dt>{words.delivery}</dt>
        <dd>
          {missing === 0 ? words.deliveryAll : `${missing.toLocaleString(language)} ${words.deliveryLost}`}
        </dd>
        <dt>{words.gateway}</dt>
        <dd>{view.gateway}</dd>
      </dl>
    </>
  )
}

const WEEK_MS = 7 * DAY_MS

/** When the slot was silent in the last week, the newest first. */
const Gaps = ({ slot }: { readonly slot: string }) => {
  const words = useWords(DEVICES_WORDS)
  const language = useLanguage()
  const { nowMs } = useConsole()
  // Rounded, so that it is asked for once an hour.
  const toMs = nowMs === undefined ? undefined : Math.ceil(nowMs / HOUR_MS) * HOUR_MS
  const answer = useAsk(
    toMs === undefined
      ? undefined
      : `/slots/${encodeURIComponent(slot)}/series?from=${toMs - WEEK_MS}&to=${toMs}&points=50`,
    SlotSeriesSchema,
  )
  if (answer === undefined || nowMs === undefined || toMs === undefined) return null
  if (answer.kind !== 'answer') return <p role="alert">{words.gapsFailed}</p>
  const sinceMs = toMs - WEEK_MS
  const gaps = answer.value.silent.filter((gap) => gap.fromMs < nowMs).toReversed()
  return (
    <section>
      <h2>{words.gaps}</h2>
      {gaps.length === 0 && <p>{words.noGaps}</p>}
      <ul className="gaps">
        {gaps.map(({ fromMs, toMs: untilMs }) => (
          <li key={fromMs}>
            {fromMs <= sinceMs ? words.weekAgo : toShortMoment(fromMs, language)} –{' '}
            {untilMs >= nowMs ? words.untilNow : toShortMoment(untilMs, language)} ·{' '}
            {toAge(Math.min(untilMs, nowMs) - fromMs, language)}
          </li>
        ))}
      </ul>
    </section>
  )
}

const Actions = ({
  device,
  slot,
  layout,
  change,
}: {
  readonly device: string
  readonly slot: string | undefined
  readonly layout: Layout
  readonly change: BindingsHook['change']
}) => {
  const words = useWords(DEVICES_WORDS)
  const [open, setOpen] = useState<'slot' | 'device' | 'unbind'>()
  const close = (): void => setOpen(undefined)
  return (
    <div className="device-actions">
      {slot === undefined ? (
        <Tap look="main" onClick={() => setOpen('slot')}>
          {words.bind}
        </Tap>
      ) : (
        <>
          <Tap onClick={() => setOpen('slot')}>{words.move}</Tap>
          <Tap onClick={() => setOpen('device')}>{words.swap}</Tap>
          {open === 'unbind' ? (
            <>
              <p role="alert">{words.unbindSure}</p>
              <Tap look="grave" onClick={() => void change('unbound', { slot, device: undefined })}>
                {words.unbindYes}
              </Tap>
              <Tap onClick={close}>{words.cancel}</Tap>
            </>
          ) : (
            <Tap onClick={() => setOpen('unbind')}>{words.unbind}</Tap>
          )}
        </>
      )}
      {open === 'slot' && (
        <ChooseSlot
          layout={layout}
          device={device}
          onClose={close}
          onChoose={(choice) => {
            close()
            void change(slot === undefined ? 'bound' : 'moved', { slot: choice.slot, device })
          }}
        />
      )}
      {open === 'device' && slot !== undefined && (
        <ChooseDevice
          onClose={close}
          onChoose={(chosen) => {
            close()
            void change('swapped', { slot, device: chosen })
          }}
        />
      )}
    </div>
  )
}

/** The second tap of a swap: which of the sensors that stand nowhere takes this one's place. */
const ChooseDevice = ({
  onChoose,
  onClose,
}: {
  readonly onChoose: (device: string) => void
  readonly onClose: () => void
}) => {
  const words = useWords(DEVICES_WORDS)
  const answer = useAsk('/unknown-devices', UnknownDevicesSchema, REFRESH_MS)
  const spare =
    answer?.kind === 'answer'
      ? answer.value.items.flatMap((one) =>
          one.device === undefined ? [] : [{ device: one.device, rssiDbm: one.rssiDbm }],
        )
      : undefined
  return (
    <Sheet title={words.chooseDevice} onClose={onClose}>
      {spare?.length === 0 && <p>{words.noSpare}</p>}
      <ul className="choices">
        {spare?.map(({ device, rssiDbm }) => (
          <li key={device}>
            <button type="button" data-testid={`choose-${device}`} onClick={() => onChoose(device)}>
              <b>{device}</b>
              <span>{rssiDbm !== undefined && `${words.signal} ${rssiDbm} dBm`}</span>
            </button>
          </li>
        ))}
      </ul>
      <p>{words.keepsHistory}</p>
    </Sheet>
  )
}
