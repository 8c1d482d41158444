import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { DESK_EN, findAxeViolations, openBrowser, PHONE_ZH } from './testing-browser.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

const DAY_MS = 86_400_000
const ConfigSchema = z.object({
  site: z.string(),
  mqtt: z.object({ url: z.string(), username: z.string(), passwordFile: z.string() }),
})

let estate: TestEstate
let browser: Browser
beforeAll(async () => {
  estate = await startTestEstate({ speed: 10, forMs: 600_000 })
  browser = await openBrowser()
  // The real gateway is told something that it cannot read, as by a platform that does not fit it.
  const config = ConfigSchema.parse(
    JSON.parse(readFileSync(join(estate.dataDir, 'config/platform.json'), 'utf8')),
  )
  const { url, username, passwordFile } = config.mqtt
  const client = await connectAsync(url, {
    username,
    password: readFileSync(passwordFile, 'utf8').trim(),
    clientId: `${username}:test`,
  })
  await client.publishAsync(`cl/v1/${config.site}/gw-1/command`, 'not JSON <b>', { qos: 1 })
  await client.endAsync()
})
afterAll(async () => {
  await browser?.close()
  await estate?.[Symbol.asyncDispose]()
})

const openGateways = async (profile: BrowserContextOptions, shiftedMs = 0): Promise<Page> => {
  const page = await (await browser.newContext(profile)).newPage()
  if (shiftedMs !== 0) await page.clock.setSystemTime(Date.now() + shiftedMs)
  await page.goto(`${estate.api}/more`)
  await page.getByTestId('gateway-gw-1').click()
  await page.locator('[data-testid="gateway-gw-1"][data-connected="true"]').waitFor()
  return page
}

test.each([
  { name: 'on a phone, in Chinese', profile: PHONE_ZH, says: '命令读不懂', room: '断线后还能存' },
  {
    name: 'on a desk, in English',
    profile: DESK_EN,
    says: 'could not be read',
    room: 'Room if the line is lost',
  },
])(
  'a gateway shows its links, its logs and how long they have room, and what it refuses with what to do: $name',
  async ({ profile, says, room }) => {
    const page = await openGateways(profile)
    const refusal = page.getByTestId('refusal-command-json')
    await refusal.getByText(says).waitFor({ timeout: 30_000 })
    await refusal.locator('summary').click()
    await refusal.getByText('not JSON').waitFor()
    expect(await page.getByTestId('link-tcp').getAttribute('data-state')).toBe('up')
    await page.getByTestId('room').locator('b').waitFor({ timeout: 30_000 })
    expect(await page.getByTestId('room').textContent()).toContain(room)
    expect(await findAxeViolations(page)).toEqual([])
    await page.context().close()
  },
)

test.each([
  { name: 'ahead', shiftedMs: DAY_MS },
  { name: 'behind', shiftedMs: -DAY_MS },
])('a phone whose clock is a day $name shows right ages', async ({ shiftedMs }) => {
  const page = await openGateways(PHONE_ZH, shiftedMs)
  expect(await page.getByTestId('heard').textContent()).toMatch(/^最后上报 (\d 分 )?\d+ 秒前$/)
  await page.getByTestId('heard').getByTestId('ago').click()
  expect(await page.getByTestId('heard').textContent()).toMatch(/秒前 \(\d{4}年\d+月\d+日 \d\d:\d\d:\d\d\)$/)
  await page.context().close()
})

test('a link that is cut and a gateway that is gone each look like it, and what is known has its age', async () => {
  const page = await openGateways(PHONE_ZH)
  await estate.child['firmware-sim'].stop()
  await page.locator('[data-testid="link-tcp"][data-state="down"]').waitFor()

  await estate.child.gateway.stop()
  const gone = page.locator('[data-testid="gateway-gw-1"][data-connected="false"]')
  await gone.waitFor({ timeout: 60_000 })
  await gone.getByRole('alert').getByText('离线前').waitFor()
  expect(await page.getByTestId('refusal-command-json').count()).toBe(1)
  expect(await findAxeViolations(page)).toEqual([])
  await page.context().close()
})
