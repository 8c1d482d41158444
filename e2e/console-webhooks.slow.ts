import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { event, startTestPlatform } from '../platform/testing-platform.ts'
import { startTestEndpoint } from '../platform/webhooks/testing-endpoint.ts'
import { buildConsole } from '../tools/console-build.ts'
import { findAxeViolations, openBrowser, PROFILES } from './testing-browser.ts'
import { ROOT } from './testing-estate.ts'

const SECRET = 'SEC-known'
const folder = mkdtempSync(join(tmpdir(), 'console-webhooks-'))
let chat: Awaited<ReturnType<typeof startTestEndpoint>>
let program: Awaited<ReturnType<typeof startTestEndpoint>>
let platform: Awaited<ReturnType<typeof startTestPlatform>>
let browser: Browser

beforeAll(async () => {
  const fault = await buildConsole(ROOT, () => undefined)
  if (fault !== undefined) throw new Error(fault)
  chat = await startTestEndpoint('dingtalk', SECRET, Date.now)
  program = await startTestEndpoint('json', SECRET, Date.now)
  writeFileSync(join(folder, 'secret'), SECRET)
  writeFileSync(join(folder, 'chat'), chat.url)
  writeFileSync(join(folder, 'program'), program.url)
  const secretFile = join(folder, 'secret')
  platform = await startTestPlatform({
    consoleDir: join(ROOT, 'console/dist'),
    webhooks: [
      { id: 'duty', kind: 'dingtalk', urlFile: join(folder, 'chat'), secretFile },
      { id: 'gate', kind: 'json', urlFile: join(folder, 'program'), secretFile },
    ],
  })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await platform.close()
  await Promise.all([chat.stop(), program.stop()])
  rmSync(folder, { recursive: true })
})

test('whoever relies on a chat sees that it works, and what does not go out and why, in either language', async () => {
  program.answer((response) => {
    response.statusCode = 503
    response.end('the barrier is being repaired')
  })
  const page = await browser.newPage(PROFILES.phone)
  await page.goto(`${platform.api}/more`)
  const [duty, gate] = [page.getByTestId('webhook-duty'), page.getByTestId('webhook-gate')]
  await duty.getByText('已发出 0').waitFor()

  const told = Promise.all([chat.next(), program.next()])
  await platform.sendEvents(
    [event('detected', 'e1', 1, {}), event('confirmed', 'e1', 2, { confirmed: true, confirmedMs: 2_000 })],
    1,
  )
  await told
  await duty.getByText('已发出 1').waitFor()
  await duty.getByText('● 正常').waitFor()
  await gate.getByText('■ 发不出去').waitFor()
  await gate.getByText('等待发送 1').waitFor()
  await gate.getByText('503').waitFor()
  expect(await findAxeViolations(page)).toEqual([])

  await page.getByTestId('language').click()
  await gate.getByText('■ does not go out').waitFor()
  await gate.getByText('tried again at').waitFor()
  await duty.getByText('DingTalk').waitFor()

  program.answer(undefined)
  await gate.getByText('● works').waitFor()
  await gate.getByText('sent 1').waitFor()
  expect(program.taken.map(({ text }) => text)).toEqual(['confirmed'])
  expect(await findAxeViolations(page)).toEqual([])
  await page.close()
})
