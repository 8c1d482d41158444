import type { HealthMessage, LanEpisodeMessage, LanSectionMessage, Reading } from '@clearlane/protocol'
import type { Heard, LanClient } from '../lan-client.ts'

/** The nodes of the palette: four that hear the box, and one that has something to say to people. */

type Message = Record<string, unknown>
/** What of a Node-RED node is used. */
type Node = {
  send(message: Message): void
  status(status: object): void
  warn(text: string): void
  on(event: 'close', listener: () => void): void
  on(event: 'input', listener: (message: Message, send: unknown, done: (cause?: Error) => void) => void): void
}
type Config = {
  readonly section?: string
  readonly slot?: string
  readonly level?: string
}
type Red = {
  readonly settings: { readonly clearlane: LanClient }
  readonly nodes: {
    createNode(node: Node, config: Config): void
    registerType(type: string, create: (this: Node, config: Config) => void): void
  }
}

export const registerNodes = (red: Red): void => {
  const lan = red.settings.clearlane
  const showLink = (node: Node): void =>
    node.on(
      'close',
      lan.watch((isUp) =>
        node.status(
          isUp
            ? { fill: 'green', shape: 'dot', text: 'clearlane.status.up' }
            : { fill: 'grey', shape: 'ring', text: 'clearlane.status.down' },
        ),
      ),
    )
  /** A node that sends what `toMessages` makes of each message heard. */
  const registerSource = <Told>(
    name: Heard,
    createToMessages: (config: Config) => (told: Told) => readonly Message[],
  ): void =>
    red.nodes.registerType(`clearlane-${name}`, function (config) {
      red.nodes.createNode(this, config)
      showLink(this)
      const toMessages = createToMessages(config)
      const stop = lan.listen(name, (told) => {
        for (const message of toMessages(told as Told)) this.send(message)
      })
      this.on('close', stop)
    })

  registerSource<{ readonly rows: readonly Reading[] }>(
    'reading',
    ({ slot }) =>
      ({ rows }) =>
        rows.filter((row) => !slot || row.slot === slot).map((row) => ({ topic: row.slot, payload: row })),
  )
  registerSource<LanSectionMessage>('section', ({ section: only }) => {
    const states = new Map<string, string>()
    return (told) => {
      const { section, state } = told
      if ((only && section !== only) || states.get(section) === state) return []
      states.set(section, state)
      return [{ topic: section, payload: state, section: told }]
    }
  })
  registerSource<LanEpisodeMessage>('episode', ({ section }) => (told) => {
    if (section && !told.episode.sections.includes(section)) return []
    return [{ topic: told.episode.id, payload: told.transition ?? toWord(told), episode: told.episode }]
  })
  registerSource<HealthMessage>('health', () => (told) => [{ topic: told.gateway, payload: told }])

  red.nodes.registerType('clearlane-note', function (config) {
    red.nodes.createNode(this, config)
    showLink(this)
    this.on('input', ({ payload, level, section }, _send, done) => {
      const note = {
        v: 1,
        text: typeof payload === 'string' ? payload : JSON.stringify(payload),
        level: level ?? (config.level || 'info'),
        ...((section ?? config.section) ? { section: toId(section) ?? config.section } : {}),
      }
      done(lan.note(note) ? undefined : new Error('the box is not reached; the note is not kept'))
    })
  })
}

/** A message that came from a section or an episode names its section: a note about it needs no more. */
const toId = (section: unknown): unknown =>
  typeof section === 'object' && section !== null && 'section' in section ? section.section : section

const toWord = ({ episode }: LanEpisodeMessage): string => {
  if (episode.end !== undefined) return episode.end
  if (episode.unobserved) return 'unobserved'
  if (episode.escalatedMs !== undefined) return 'escalated'
  return episode.confirmed ? 'confirmed' : 'detected'
}
