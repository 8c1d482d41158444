/**
 * What a history keeps, by measurement: the tags of a series, and its fields with their one type, unit and meaning.
 * The first writer of a field fixes its type in InfluxDB for good, so nobody writes a field that does not stand here.
 * Text would be stored again with each point: what has few values is a small integer of `HISTORY_CODES`.
 */
export type HistoryField = {
  readonly type: 'integer' | 'float' | 'string'
  /** Empty for a count, a code and a name. */
  readonly unit: '' | 'nT' | '°C' | 'mV' | 'dBm' | 'dB' | 'ms' | 'B'
  readonly help: string
}
export type HistoryMeasurement = {
  readonly tags: readonly string[]
  readonly fields: Readonly<Record<string, HistoryField>>
}

/** The place of a word is its code. A word is added at the end and never taken away: stored points keep their codes. */
export const HISTORY_CODES = {
  trigger: ['period', 'change', 'poll', 'boot'],
  clock: ['device', 'gateway', 'unknown'],
  presence: ['vacant', 'occupied', 'unknown'],
  suspect: ['vehicle', 'two-wheeler', 'unknown'],
  transition: [
    'detected',
    'confirmed',
    'escalated',
    'cleared',
    'passed',
    'voided',
    'extended',
    'unobserved',
    'resumed',
    'ended-by-hand',
  ],
  sectionState: ['clear', 'pre-alarm', 'blocked', 'unobserved'],
} as const

const listCodes = (words: readonly string[]): string =>
  words.map((word, index) => `${index} ${word}`).join(', ')

const count = (help: string) => ({ type: 'integer', unit: '', help }) as const
const code = (name: keyof typeof HISTORY_CODES) =>
  ({ type: 'integer', unit: '', help: `a code: ${listCodes(HISTORY_CODES[name])}` }) as const
const field = (help: string) => ({ type: 'integer', unit: 'nT', help }) as const
const ms = (help: string) => ({ type: 'integer', unit: 'ms', help }) as const

export const HISTORY_TABLE = {
  reading: {
    tags: ['site', 'section', 'slot'],
    fields: {
      xNt: field('magnetic field along the x axis of the sensor'),
      yNt: field('magnetic field along its y axis'),
      zNt: field('magnetic field along its z axis'),
      temperatureC: { type: 'float', unit: '°C', help: 'temperature of the sensor' },
      batteryMv: { type: 'integer', unit: 'mV', help: 'voltage of its battery' },
      rssiDbm: { type: 'float', unit: 'dBm', help: 'strength of the signal at the gateway' },
      snrDb: { type: 'float', unit: 'dB', help: 'signal to noise at the gateway' },
      trigger: code('trigger'),
      clock: code('clock'),
      backfill: count('1 when the device sent it again after a silence, else 0'),
      delayMs: ms('from its event time to its reception by the gateway'),
      counter: count('number of the reading within the session of its device'),
      session: count('session (boot or join) of the device'),
      device: { type: 'string', unit: '', help: 'EUI of the device that stood in the slot' },
    },
  },
  presence: {
    tags: ['site', 'section', 'slot'],
    fields: {
      presence: code('presence'),
      residualNt: field('length of the field less its baseline'),
      thresholdNt: field('length from which the slot counts as occupied'),
      baselineXNt: field('baseline along the x axis'),
      baselineYNt: field('baseline along the y axis'),
      baselineZNt: field('baseline along the z axis'),
      revision: count('how often presence of the slot has changed, repeats left out'),
    },
  },
  episode: {
    tags: ['site', 'lane', 'section'],
    fields: {
      transition: code('transition'),
      suspect: code('suspect'),
      revision: count('revision of the episode that the transition made'),
      durationMs: ms('from detection to this transition'),
      rulesVersion: count('version of the rules that decided'),
      layoutVersion: count('version of the layout that was in force'),
      id: { type: 'string', unit: '', help: 'id of the episode' },
    },
  },
  coverage: {
    tags: ['site', 'lane', 'section'],
    fields: {
      state: code('sectionState'),
      slots: count('slots of the section'),
      known: count('slots of which it is known whether something stands there'),
      occupied: count('slots in which something stands'),
    },
  },
  health: {
    tags: ['site', 'gateway'],
    fields: {
      readingsWaiting: count('readings that the centre has not acknowledged'),
      eventsWaiting: count('events that the centre has not acknowledged'),
      logBytes: { type: 'integer', unit: 'B', help: 'size of both logs on the disk' },
      droppedRows: count('rows given up for room before the centre had them'),
      parkedRows: count('rows put aside because the centre could not take them'),
      refused: count('inputs refused since the gateway started'),
      linksUp: count('links that are up'),
      linksDown: count('links that are down'),
      unknownDevices: count('devices heard that stand in no slot'),
      devicesLowBattery: count('devices with a low battery'),
    },
  },
} as const satisfies Readonly<Record<string, HistoryMeasurement>>

export type HistoryMeasurementName = keyof typeof HISTORY_TABLE

/** One point of a history. Tags are all those of its measurement; a field that is not known is left out. */
export type HistoryPoint = {
  readonly measurement: HistoryMeasurementName
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, number | string>>
  /** Microseconds since 1970. */
  readonly atUs: number
}

/**
 * Points of one series and time overwrite each other in InfluxDB. Two readings within a millisecond are told apart by
 * their counters, two changes by their revisions.
 */
export const toPointUs = (atMs: number, counter: number): number => atMs * 1_000 + (counter % 1_000)
