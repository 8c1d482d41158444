import { z } from 'zod'

/** Where people already look: a robot in a chat, or a program of their own. */
export const WebhookConfigSchema = z.object({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'at most 32 of a-z, 0-9 and -')
    .describe('its name in files, in the console and in refusals'),
  kind: z
    .enum(['json', 'wecom', 'dingtalk', 'feishu'])
    .describe('json is our own form, signed; the others are robots in a chat'),
  urlFile: z.string().describe('file that holds the address; a robot’s address is a secret'),
  secretFile: z
    .string()
    .optional()
    .describe('file that holds the secret for signatures; json needs one, wecom has none'),
  language: z.enum(['zh', 'en']).default('zh').describe('of the text that a robot says'),
})
export type WebhookConfig = z.output<typeof WebhookConfigSchema>

export const WebhooksConfigSchema = z
  .array(WebhookConfigSchema)
  .max(16)
  .superRefine((webhooks, context) => {
    for (const [index, { id, kind, secretFile }] of webhooks.entries()) {
      const note = (place: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [index, place], message })
      if (webhooks.findIndex((one) => one.id === id) < index) note('id', `${id} is there twice`)
      if (kind === 'json' && secretFile === undefined)
        note('secretFile', 'whoever takes a message must be able to tell that it is ours; name a file')
      if (kind === 'wecom' && secretFile !== undefined)
        note('secretFile', 'WeCom takes no signature, the key in the address is the secret; leave it out')
    }
  })

/** One with its secrets, as it is used. */
export type Webhook = Pick<WebhookConfig, 'id' | 'kind' | 'language'> & {
  readonly url: string
  readonly secret: string | undefined
}
