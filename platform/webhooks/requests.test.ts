import { expect, test } from 'vitest'
import { layout } from '../testing-platform.ts'
import { toNotice } from './notice.ts'
import { toRequest } from './requests.ts'
import { isSafeUrl } from '../safe-url.ts'
import { WebhooksConfigSchema } from './webhook.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const notice = toNotice(
  'confirmed',
  {
    site: 's',
    gateway: 'gw',
    epoch: 'e1',
    firstReceivedMs: NOW_MS,
    receivedMs: NOW_MS,
    late: false,
    seen: [],
    episode: {
      id: 'ep-1',
      revision: 1,
      lane: 'gone',
      sections: ['a'],
      suspect: 'unknown',
      confirmed: true,
      unobserved: false,
      rulesVersion: 1,
      layoutVersion: 1,
    },
  },
  layout,
)

test('signatures are those that another implementation of HMAC-SHA256 gives for the documented texts', () => {
  const request = (kind: 'dingtalk' | 'feishu') =>
    toRequest(
      { id: 'duty', kind, language: 'en', url: 'https://robot.example/send?key=k', secret: 'SEC-known' },
      notice,
      'd1',
      'UTC',
      NOW_MS,
    )
  expect(request('dingtalk').url).toBe(
    'https://robot.example/send?key=k&timestamp=1767225600000&sign=c%2FrTZ0B8vLx%2B%2BiyZuJ6PRc1%2FUodOtsNQvB%2Bc80rGphg%3D',
  )
  expect(JSON.parse(request('feishu').body)).toMatchObject({
    timestamp: '1767225600',
    sign: 'NiaW9mUivOHyDWrVMWfXWGHxkCk+oZLYACSFDXRLByg=',
    msg_type: 'text',
    content: { text: '■ Fire lane blocked\ngone · A\nBlocked since 01/01, 00:00\ns' },
  })
})

test.each([
  ['https://robot.example/send?key=k', true],
  ['http://127.0.0.1:9/x', true],
  ['http://robot.example/send', false],
  ['https://user:secret@robot.example/', false],
  ['ftp://robot.example/', false],
  ['robot', false],
])('%s is an address to send to: %s', (url, isGood) => {
  expect(isSafeUrl(url)).toBe(isGood)
})

test.each([
  [{ kind: 'json' }, 'secretFile'],
  [{ kind: 'wecom', secretFile: '/s' }, 'secretFile'],
  [{ kind: 'feishu', id: 'A B' }, 'id'],
])('a webhook that cannot be right is refused at its place: %o', (over, place) => {
  const parsed = WebhooksConfigSchema.safeParse([{ id: 'duty', urlFile: '/u', ...over }])
  expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual([`0.${place}`])
})

test('two webhooks of one name are refused', () => {
  const one = { id: 'duty', kind: 'wecom', urlFile: '/u' }
  expect(WebhooksConfigSchema.safeParse([one, one]).error?.issues).toMatchObject([{ path: [1, 'id'] }])
})
