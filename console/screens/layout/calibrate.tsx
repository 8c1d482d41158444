import type { Calibration, Reading, Slot } from '@clearlane/protocol'
import { ReadingSchema } from '@clearlane/protocol'
import { useAsk } from '../../live/ask.ts'
import { toItems } from '../../live/items.ts'
import { useConsole } from '../../live/use-console.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toAgo, toMoment } from '../../words/time.ts'
import { toMicrotesla } from './difference-list.tsx'
import { WORDS } from './words.ts'
import { Tap } from '../../parts/tap.tsx'

const REFRESH_MS = 5_000
/** Readings are asked for from the beginning of such a stretch before the one heard last, so the question stays the same for a while. */
const STRETCH_MS = 600_000
const MAX_READINGS = 10_000
const ReadingsSchema = toItems(ReadingSchema)

/** The empty field of a slot, and its newest reading to take it over from. */
export const Calibrate = ({
  slot,
  onTake,
}: {
  readonly slot: Slot
  readonly onTake: (calibration: Calibration) => void
}) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { state, nowMs } = useConsole()
  const heardMs = [...state.sections.values()]
    .flatMap((section) => section.slots)
    .find((one) => one.slot === slot.id)?.lastHeardMs
  const fromMs = heardMs === undefined ? undefined : (Math.floor(heardMs / STRETCH_MS) - 1) * STRETCH_MS
  const answer = useAsk(
    fromMs === undefined ? undefined : `/readings?slot=${slot.id}&from=${fromMs}&limit=${MAX_READINGS}`,
    ReadingsSchema,
    REFRESH_MS,
  )
  const newest = answer?.kind === 'answer' ? answer.value.items.at(-1) : undefined
  const { calibration } = slot
  const isTaken = newest !== undefined && calibration?.atMs === atMsOf(newest)
  return (
    <section className="calibrate" data-testid="calibrate">
      <h3>{words.calibration}</h3>
      {calibration === undefined ? (
        <p className="problem">{words.notCalibrated}</p>
      ) : (
        <p>
          {toMicrotesla([calibration.xNt, calibration.yNt, calibration.zNt])} · {calibration.temperatureC} °C
          <br />
          {words.calibratedAt} {toMoment(calibration.atMs, language)}
        </p>
      )}
      {newest === undefined ? (
        <p>{words.noReading}</p>
      ) : (
        <>
          <p data-testid="newest-reading">
            {words.newest}: {toMicrotesla([newest.xNt, newest.yNt, newest.zNt])}
            {newest.temperatureC !== undefined && ` · ${newest.temperatureC} °C`}
            {nowMs !== undefined && ` · ${toAgo(nowMs - atMsOf(newest), language)}`}
            {calibration !== undefined && (
              <>
                <br />
                {words.offBy} {(residualNt(newest, calibration) / 1000).toFixed(1)} µT
              </>
            )}
          </p>
          {newest.temperatureC !== undefined && (
            <Tap
              data-testid="take-over"
              disabled={isTaken}
              onClick={() =>
                onTake({
                  xNt: newest.xNt,
                  yNt: newest.yNt,
                  zNt: newest.zNt,
                  temperatureC: newest.temperatureC ?? 0,
                  atMs: atMsOf(newest),
                })
              }
            >
              {isTaken ? words.taken : words.takeOver}
            </Tap>
          )}
          <p className="hint">{words.emptyFirst}</p>
        </>
      )}
    </section>
  )
}

const atMsOf = ({ eventMs, receivedMs }: Reading): number => eventMs ?? receivedMs
const residualNt = (reading: Reading, { xNt, yNt, zNt }: Calibration): number =>
  Math.hypot(reading.xNt - xNt, reading.yNt - yNt, reading.zNt - zNt)
