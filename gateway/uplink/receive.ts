import type { AckMessage, Fault, Refusals } from '@clearlane/protocol'
import {
  AckMessageSchema,
  CommandMessageSchema,
  ConfigMessageSchema,
  parseJson,
  parseTopic,
} from '@clearlane/protocol'
import type { Documents } from '../config/documents.ts'
import { checkNewer, parseDocuments } from '../config/documents.ts'
import type { Decide } from '../decide-port.ts'

export type ReceiveOptions = {
  readonly decide: Pick<Decide, 'endByHand'>
  readonly refusals: Refusals
  readonly present: () => Documents | undefined
  readonly configure: (documents: Documents) => void
  readonly resend: (channel: 'readings' | 'events', fromRow: number) => void
  readonly reply: (message: object) => void
}

const MAX_BYTES = 32 * 1024 * 1024

/** What the centre says, checked; what is wrong is refused with its reason, answered where there is whom to answer. */
export const createReceive = (options: ReceiveOptions) => {
  const { decide, refusals, present, configure, resend, reply } = options

  const refuseConfig = ({ reason, detail }: Fault): void => {
    refusals.refuse(reason, detail)
    reply({ v: 1, id: 'config', ok: false, detail })
  }

  const takeConfig = (text: string): void => {
    const message = parseJson('config', ConfigMessageSchema, text)
    if (!message.ok) {
      refusals.refuse(message.fault.reason, message.fault.detail)
      return
    }
    const documents = parseDocuments(message.value)
    if (!documents.ok) return refuseConfig(documents.fault)
    const newer = checkNewer(documents.value, present())
    if (!newer.ok) return refuseConfig(newer.fault)
    if (newer.value === 'newer') configure(documents.value)
    const { layout, rules } = documents.value
    reply({
      v: 1,
      id: 'config',
      ok: true,
      detail: `layout ${layout.version} and rules ${rules.version} are in force`,
    })
  }

  const takeCommand = (text: string): void => {
    const message = parseJson('command', CommandMessageSchema, text)
    if (!message.ok) {
      refusals.refuse(message.fault.reason, message.fault.detail)
      return
    }
    const command = message.value
    if (command.kind === 'resend') {
      resend(command.channel, command.fromRow)
      reply({ v: 1, id: command.id, ok: true, detail: `rows from ${command.fromRow} are sent again` })
      return
    }
    const ended = decide.endByHand(command.episode, command.by, command.reason)
    reply({ v: 1, id: command.id, ok: ended.ok, detail: ended.ok ? 'ended' : ended.fault.detail })
  }

  return (topic: string, payload: Buffer): AckMessage | undefined => {
    const name = parseTopic(topic)?.name
    if (payload.length > MAX_BYTES) {
      refusals.refuse('message-too-long', `${topic}: ${payload.length} bytes`)
      return undefined
    }
    const text = payload.toString('utf8')
    if (name === 'config') takeConfig(text)
    else if (name === 'command') takeCommand(text)
    else if (name === 'ack') {
      const ack = parseJson('ack', AckMessageSchema, text)
      if (ack.ok) return ack.value
      refusals.refuse(ack.fault.reason, ack.fault.detail)
    } else {
      refusals.refuse('topic-unexpected', topic)
    }
    return undefined
  }
}
