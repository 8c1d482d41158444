/**
 * `cl/v1/{site}/{gateway}/{name}`: no street or district in a topic, because they reorganise.
 *
 * | name      | from     | retained | payload                                         |
 * |-----------|----------|----------|-------------------------------------------------|
 * | telemetry | gateway  | no       | ReadingsMessage                                 |
 * | episode   | gateway  | no       | EventsMessage                                   |
 * | active    | gateway  | yes      | ActiveMessage                                   |
 * | health    | gateway  | yes      | HealthMessage                                   |
 * | reply     | gateway  | no       | ReplyMessage                                    |
 * | note      | gateway  | no       | NoteMessage                                     |
 * | ack       | platform | yes      | AckMessage                                      |
 * | command   | platform | no       | CommandMessage                                  |
 * | config    | platform | yes      | ConfigMessage                                   |
 */
export const TOPIC_NAMES_FROM_GATEWAY = ['telemetry', 'episode', 'active', 'health', 'reply', 'note'] as const
export const TOPIC_NAMES_TO_GATEWAY = ['ack', 'command', 'config'] as const

export type TopicName = (typeof TOPIC_NAMES_FROM_GATEWAY)[number] | (typeof TOPIC_NAMES_TO_GATEWAY)[number]
export type Topic = { readonly site: string; readonly gateway: string; readonly name: TopicName }

const NAMES: ReadonlySet<string> = new Set([...TOPIC_NAMES_FROM_GATEWAY, ...TOPIC_NAMES_TO_GATEWAY])
const isTopicName = (name: string): name is TopicName => NAMES.has(name)

export const toTopic = ({ site, gateway, name }: Topic): string => `cl/v1/${site}/${gateway}/${name}`

/** The topic's parts, or undefined when it is not one of ours. Subscriptions (`+`, `#`) are not topics. */
export const parseTopic = (topic: string): Topic | undefined => {
  const [root, version, site, gateway, name, ...rest] = topic.split('/')
  if (root !== 'cl' || version !== 'v1' || rest.length > 0) return undefined
  if (!site || !gateway || name === undefined || !isTopicName(name)) return undefined
  if (/[+#]/.test(site) || /[+#]/.test(gateway)) return undefined
  return { site, gateway, name }
}
