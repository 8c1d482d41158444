import type { AckMessage, Refusals, Result } from '@clearlane/protocol'
import {
  AckMessageSchema,
  CommandMessageSchema,
  ConfigMessageSchema,
  fault,
  IdSchema,
  ok,
  parseJson,
  parseTopic,
} from '@clearlane/protocol'
import { z } from 'zod'
import type { Documents } from '../config/documents.ts'
import { checkNewer, parseDocuments } from '../config/documents.ts'
import type { Decide } from '../decide-port.ts'

export type ReceiveOptions = {
  readonly decide: Pick<Decide, 'endByHand'>
  readonly refusals: Refusals
  readonly present: () => Documents | undefined
  /** Keeps documents and puts them in force; where they cannot be kept, those before stay in force. */
  readonly configure: (documents: Documents) => Result<undefined>
  readonly resend: (channel: 'readings' | 'events', fromRow: number) => void
  readonly reply: (message: object) => void
}

const MAX_BYTES = 32 * 1024 * 1024
/** Configurations have no id of their own; this one stands in their answers. */
const CONFIG_ID = 'config'
const AddressedSchema = z.looseObject({ id: IdSchema })

/** What the centre says, checked; what is wrong is refused with its reason, answered where there is whom to answer. */
export const createReceive = (options: ReceiveOptions) => {
  const { decide, refusals, present, configure, resend, reply } = options

  const answer = (id: string | undefined, result: Result<string>): void => {
    if (!result.ok) refusals.refuse(result.fault.reason, result.fault.detail)
    if (id === undefined) return
    reply({ v: 1, id, ok: result.ok, detail: result.ok ? result.value : result.fault.detail })
  }

  const takeConfig = (text: string): Result<string> => {
    const message = parseJson('config', ConfigMessageSchema, text)
    if (!message.ok) return message
    const documents = parseDocuments(message.value)
    if (!documents.ok) return documents
    const newer = checkNewer(documents.value, present())
    if (!newer.ok) return newer
    const kept = newer.value === 'newer' ? configure(documents.value) : ok(undefined)
    if (!kept.ok) return kept
    const { layout, rules } = documents.value
    return ok(`layout ${layout.version} and rules ${rules.version} are in force`)
  }

  const takeCommand = (text: string): void => {
    const message = parseJson('command', CommandMessageSchema, text)
    if (!message.ok) {
      const addressed = parseJson('command', AddressedSchema, text)
      return answer(addressed.ok ? addressed.value.id : undefined, message)
    }
    const command = message.value
    if (command.kind === 'resend') {
      resend(command.channel, command.fromRow)
      return answer(command.id, ok(`rows from ${command.fromRow} are sent again`))
    }
    const ended = decide.endByHand(command.episode, command.by, command.reason)
    answer(command.id, ended.ok ? ok('ended') : ended)
  }

  const takeAck = (text: string): AckMessage | undefined => {
    const ack = parseJson('ack', AckMessageSchema, text)
    if (ack.ok) return ack.value
    answer(undefined, ack)
    return undefined
  }

  return (topic: string, payload: Buffer): AckMessage | undefined => {
    const name = parseTopic(topic)?.name
    if (payload.length > MAX_BYTES) {
      const tooLong = fault('message-too-long', `${topic}: ${payload.length} bytes, at most ${MAX_BYTES}`)
      answer(name === 'config' ? CONFIG_ID : undefined, tooLong)
      return undefined
    }
    const text = payload.toString('utf8')
    if (name === 'ack') return takeAck(text)
    if (name === 'config') answer(CONFIG_ID, takeConfig(text))
    else if (name === 'command') takeCommand(text)
    else answer(undefined, fault('topic-unexpected', topic))
    return undefined
  }
}
