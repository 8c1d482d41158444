/** The sound of an alarm, made in code. A browser lets a page sound only after somebody has tapped it. */
export type Siren = {
  isAllowed(): boolean
  /** Asks the browser, best from within a tap. */
  allow(): Promise<void>
  sound(isOn: boolean): void
}

/** Two tones in turn, within what a phone's small speaker gives best, then a pause in which people can talk. */
const TONES_HZ = [1_200, 900] as const
const BEAT_S = 0.25
const BEATS = 6
const PERIOD_S = 3
const LOUDNESS = 0.8
/** Each beat swells and fades this long: a tone that is cut crackles. */
const FADE_S = 0.01

export const createSiren = (onChange: () => void): Siren => {
  const context = new AudioContext()
  context.addEventListener('statechange', onChange)
  let source: AudioBufferSourceNode | undefined
  return {
    isAllowed: () => context.state === 'running',
    allow: () => context.resume(),
    sound: (isOn) => {
      if (isOn === (source !== undefined)) return
      source?.stop()
      source = isOn ? context.createBufferSource() : undefined
      if (source === undefined) return
      // It repeats by itself: the timers of a page in the background are held back.
      source.buffer = toPeriod(context)
      source.loop = true
      source.connect(context.destination)
      source.start()
    },
  }
}

const toPeriod = (context: AudioContext): AudioBuffer => {
  const rate = context.sampleRate
  const buffer = context.createBuffer(1, rate * PERIOD_S, rate)
  const samples = buffer.getChannelData(0)
  for (let index = 0; index < BEATS * BEAT_S * rate; index++) {
    const atS = index / rate
    const [beat, intoS] = [Math.floor(atS / BEAT_S), atS % BEAT_S]
    const swell = Math.min(1, intoS / FADE_S, (BEAT_S - intoS) / FADE_S)
    const toneHz = TONES_HZ[beat % TONES_HZ.length] ?? TONES_HZ[0]
    samples[index] = LOUDNESS * swell * Math.sin(2 * Math.PI * toneHz * atS)
  }
  return buffer
}
