import { DeviceViewSchema, RuleSetSchema, rulesOfLane, UnknownDeviceViewSchema } from '@clearlane/protocol'
import { useState } from 'react'
import { Link } from 'wouter'
import { useAsk } from '../../live/ask.ts'
import { toItems } from '../../live/items.ts'
import { useConsole } from '../../live/use-console.ts'
import { Ago } from '../../parts/ago.tsx'
import { Tap } from '../../parts/tap.tsx'
import { toDevice } from '../../routes.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toAgo } from '../../words/time.ts'
import { ChooseSlot } from './choose-slot.tsx'
import { DEVICES_WORDS, TROUBLE_WORDS } from './device-words.ts'
import './devices.css'
import { OutcomeBar } from './outcome-bar.tsx'
import type { Judged } from './troubles.ts'
import { findTroubles, sortWorstFirst } from './troubles.ts'
import { useBindings } from './use-bindings.ts'

const REFRESH_MS = 5_000
const DevicesSchema = toItems(DeviceViewSchema)
export const UnknownDevicesSchema = toItems(UnknownDeviceViewSchema)

/** Every sensor, the worst first; and those that are heard but stand in no slot, which two taps put into one. */
export const DevicesScreen = () => (
  <div className="devices">
    <Title />
    <UnknownDevices />
    <KnownDevices />
  </div>
)

const Title = () => <h1>{useWords(DEVICES_WORDS).title}</h1>

const UnknownDevices = () => {
  const words = useWords(DEVICES_WORDS)
  const { nowMs } = useConsole()
  const answer = useAsk('/unknown-devices', UnknownDevicesSchema, REFRESH_MS)
  const { layout, outcome, change, undo } = useBindings()
  const [chosen, setChosen] = useState<string>()
  const standing = new Set(layout?.slots.map((slot) => slot.device))
  // The gateway tells of its unknown devices now and then; what was bound just now is unknown no more.
  const unknown =
    answer?.kind === 'answer'
      ? answer.value.items.filter(({ device }) => device === undefined || !standing.has(device))
      : undefined
  return (
    <section aria-label={words.unknown}>
      <h2>{words.unknown}</h2>
      {answer !== undefined && answer.kind !== 'answer' && <p role="alert">{words.failed}</p>}
      {unknown?.length === 0 && <p>{words.noUnknown}</p>}
      <ul className="device-rows">
        {unknown?.map(({ shortId, device, count, rssiDbm, link, lastHeardMs }) => (
          <li key={`${link} ${shortId}`} data-testid={`unknown-${shortId}`} className="device-row">
            <span className="device-name">{device ?? shortId.toString(16).padStart(8, '0')}</span>
            <span className="device-detail">
              {rssiDbm !== undefined && `${words.signal} ${rssiDbm} dBm · `}
              {words.heardCount} {count} {words.heardTimes}
              {nowMs !== undefined && (
                <>
                  {' · '}
                  <Ago atMs={lastHeardMs} nowMs={nowMs} />
                </>
              )}{' '}
              · {link}
            </span>
            {device === undefined ? (
              <span>{words.needsHello}</span>
            ) : (
              <Tap look="main" onClick={() => setChosen(device)}>
                {words.bind}
              </Tap>
            )}
          </li>
        ))}
      </ul>
      {chosen !== undefined && layout !== undefined && (
        <ChooseSlot
          layout={layout}
          device={chosen}
          onClose={() => setChosen(undefined)}
          onChoose={({ slot, device: present }) => {
            setChosen(undefined)
            void change(present === undefined ? 'bound' : 'swapped', { slot, device: chosen })
          }}
        />
      )}
      <OutcomeBar outcome={outcome} undo={undo} />
    </section>
  )
}

const KnownDevices = () => {
  const words = useWords(DEVICES_WORDS)
  const { state, nowMs } = useConsole()
  const answer = useAsk('/devices', DevicesSchema, REFRESH_MS)
  const rules = useAsk('/rules', RuleSetSchema)
  if (nowMs === undefined) return null
  const laneOf = (section: string): string | undefined => state.sections.get(section)?.lane
  const silenceOf = (section: string): number =>
    rules?.kind === 'answer'
      ? rulesOfLane(rules.value, laneOf(section)).silenceAfterMs
      : Number.POSITIVE_INFINITY
  const devices =
    answer?.kind === 'answer'
      ? sortWorstFirst(
          answer.value.items.map((device) => ({
            device,
            troubles: findTroubles(device, nowMs, silenceOf(device.section)),
          })),
        )
      : undefined
  return (
    <section aria-label={words.all}>
      <h2>
        {words.all} {devices !== undefined && `(${devices.length})`}
      </h2>
      {answer === undefined && <p>{words.loading}</p>}
      {answer !== undefined && answer.kind !== 'answer' && <p role="alert">{words.failed}</p>}
      {devices?.length === 0 && <p>{words.none}</p>}
      <ul className="device-rows">
        {devices?.map((judged) => (
          <DeviceRow key={judged.device.device} judged={judged} nowMs={nowMs} />
        ))}
      </ul>
    </section>
  )
}

const DeviceRow = ({ judged, nowMs }: { readonly judged: Judged; readonly nowMs: number }) => {
  const words = useWords(DEVICES_WORDS)
  const troubleWords = useWords(TROUBLE_WORDS)
  const language = useLanguage()
  const { device, troubles } = judged
  const { batteryMv, rssiDbm, lastHeardMs } = device
  return (
    <li>
      <Link
        href={toDevice(device.device)}
        className="device-row"
        data-testid={`device-${device.device}`}
        data-slot={device.slot}
      >
        <span className="device-name">
          {device.sectionName} · {device.slot}
        </span>
        <span className={`device-troubles ${troubles.length === 0 ? '' : 'state pre-alarm'}`}>
          {troubles.length > 0 && `▲ ${troubles.map((trouble) => troubleWords[trouble]).join(' · ')}`}
        </span>
        <span className="device-detail">
          {lastHeardMs === undefined
            ? words.neverHeard
            : `${words.lastHeard} ${toAgo(nowMs - lastHeardMs, language)}`}
          {batteryMv !== undefined && ` · ${words.battery} ${(batteryMv / 1000).toFixed(2)} V`}
          {rssiDbm !== undefined && ` · ${words.signal} ${rssiDbm} dBm`}
        </span>
        <span className="device-detail">{device.device}</span>
      </Link>
    </li>
  )
}
