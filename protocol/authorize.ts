import { parseLanTopic } from './lan.ts'
import { parseTopic, TOPIC_NAMES_FROM_GATEWAY, TOPIC_NAMES_TO_GATEWAY } from './topics.ts'

/**
 * Who is at the door. `platform` is the centre; `viewer` reads one site; `nobody` has shown no credentials. The three
 * of a box are known to its own broker only: the gateway itself, Node-RED, and what reads along.
 */
export type Identity =
  | { readonly kind: 'gateway'; readonly site: string; readonly gateway: string }
  | { readonly kind: 'platform' }
  | { readonly kind: 'viewer'; readonly site: string }
  | { readonly kind: 'box'; readonly site: string; readonly gateway: string }
  | { readonly kind: 'box-flows'; readonly site: string; readonly gateway: string }
  | { readonly kind: 'box-viewer'; readonly site: string; readonly gateway: string }
  | { readonly kind: 'nobody' }

export type Action = 'publish' | 'subscribe'

const FROM_GATEWAY: ReadonlySet<string> = new Set(TOPIC_NAMES_FROM_GATEWAY)
const TO_GATEWAY: ReadonlySet<string> = new Set(TOPIC_NAMES_TO_GATEWAY)

/**
 * One rule for broker and HTTP, refused by default: a gateway touches its own prefix only, publishes what it
 * says and hears what it is told; the platform the other way round, for every gateway; a viewer only listens. On
 * a box's own broker the topics are others, and each of its three stays within its box.
 * `resource` is a topic, or for `subscribe` a filter.
 */
export const authorize = (identity: Identity, action: Action, resource: string): boolean => {
  switch (identity.kind) {
    case 'nobody':
      return false
    case 'gateway': {
      const topic = parseTopic(resource)
      if (topic === undefined || topic.site !== identity.site || topic.gateway !== identity.gateway)
        return false
      return (action === 'publish' ? FROM_GATEWAY : TO_GATEWAY).has(topic.name)
    }
    case 'platform':
      if (action === 'publish') {
        const topic = parseTopic(resource)
        return topic !== undefined && TO_GATEWAY.has(topic.name)
      }
      return isOwnFilter(resource, undefined, FROM_GATEWAY)
    case 'viewer':
      return action === 'subscribe' && isOwnFilter(resource, identity.site, FROM_GATEWAY)
    case 'box':
    case 'box-flows':
    case 'box-viewer':
      return authorizeOnBox(identity, action, resource)
  }
}

/** The gateway says everything but notes, and hears notes and what stands retained of itself; flows say notes only. */
const authorizeOnBox = (identity: BoxIdentity, action: Action, resource: string): boolean => {
  const topic = parseLanTopic(resource)
  if (topic === undefined || topic.site !== identity.site || topic.gateway !== identity.gateway) return false
  const isNote = topic.name === 'note'
  if (action === 'publish') {
    if (topic.id === '+') return false
    return identity.kind === 'box' ? !isNote : identity.kind === 'box-flows' && isNote
  }
  return identity.kind === 'box' || !isNote
}
type BoxIdentity = Extract<Identity, { readonly kind: 'box' | 'box-flows' | 'box-viewer' }>

/** A filter of ours: exactly five levels, the site fixed where one is given, the last level a name of the set. */
const isOwnFilter = (filter: string, site: string | undefined, names: ReadonlySet<string>): boolean => {
  const [root, version, filterSite, gateway, name, ...rest] = filter.split('/')
  if (root !== 'cl' || version !== 'v1' || rest.length > 0 || !filterSite || !gateway || name === undefined)
    return false
  return (site === undefined || filterSite === site) && names.has(name)
}
