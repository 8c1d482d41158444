import type { SectionView } from '@clearlane/protocol'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { DESK_EN, openBrowser, PHONE_ZH } from './testing-browser.ts'
import type { Seen } from './testing-marks.ts'
import { MARKS, statesOf, watchMarks } from './testing-marks.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

let estate: TestEstate
let browser: Browser
beforeAll(async () => {
  estate = await startTestEstate({ speed: 10, forMs: 600_000, arrivalsPerHour: 300 })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await estate?.[Symbol.asyncDispose]()
})

const STORY = ['clear', 'pre-alarm', 'blocked', 'clear']
/** The words of a section's marks from clear over pre-alarm and blocked to clear again; undefined until it was so. */
const findStory = (seen: readonly Seen[], section: string): readonly string[] | undefined => {
  const own = seen.filter((one) => one.section === section)
  const from = own.findIndex((_, at) => STORY.every((state, step) => own[at + step]?.state === state))
  return from === -1 ? undefined : own.slice(from, from + STORY.length).map(({ words }) => words)
}

test('one stay is followed on two screens at once, on the phone in Chinese and on the desk in English', async () => {
  const guard = await watchMarks(browser, PHONE_ZH, estate.api)
  const manager = await watchMarks(browser, DESK_EN, estate.api)
  const { items } = (await getJson(`${estate.api}/api/v1/sections`)) as { items: SectionView[] }
  const both = () =>
    items
      .map(({ section }) => `section-${section}`)
      .find(
        (section) =>
          findStory(guard.seen, section) !== undefined && findStory(manager.seen, section) !== undefined,
      )
  await expect.poll(both, { timeout: 180_000 }).toBeDefined()
  const section = both() ?? ''
  const expected = [
    ['畅通', '预警', '占用', '畅通'],
    ['clear', 'pre-alarm', 'blocked', 'clear'],
  ]
  for (const [index, { seen }] of [guard, manager].entries()) {
    const words = findStory(seen, section) ?? []
    for (const [step, word] of (expected[index] ?? []).entries())
      expect(words[step]?.toLowerCase()).toContain(word)
  }
  await guard.page.close()
  await manager.page.close()
})

test('sensors that fall silent are said to be unobserved while gateway and server are well, and come back', async () => {
  const page = await browser.newPage(PHONE_ZH)
  await page.goto(estate.api)
  await page.locator('[data-state="clear"]').first().waitFor()
  const simulator = estate.child['firmware-sim'].pid()
  if (simulator === undefined) throw new Error('the simulator is not running')
  process.kill(simulator, 'SIGSTOP')
  try {
    await expect
      .poll(async () => new Set(await statesOf(page)), { timeout: 60_000 })
      .toEqual(new Set(['unobserved']))
    expect(await page.locator('[data-link]').count()).toBe(0)
    expect(await page.getByTestId('page').getAttribute('data-connected')).toBe('true')
    const words = await page.locator(`${MARKS} .for-screen-readers`).first().textContent()
    expect(words).toContain('未监测')
    expect(words).not.toContain('网关离线')
  } finally {
    process.kill(simulator, 'SIGCONT')
  }
  await expect.poll(() => statesOf(page), { timeout: 60_000 }).toContain('clear')
  await page.close()
})

test('a gateway that goes and comes back: nothing of it looks clear meanwhile, and then it does again', async () => {
  const page = await browser.newPage(DESK_EN)
  await page.goto(estate.api)
  await page.locator('[data-state="clear"]').first().waitFor()
  const gateway = estate.child.gateway.pid()
  if (gateway === undefined) throw new Error('the gateway is not running')
  process.kill(gateway, 'SIGSTOP')
  try {
    await page.locator('[data-link="gateway"]').waitFor({ timeout: 60_000 })
    await expect.poll(() => statesOf(page)).not.toContain('clear')
  } finally {
    process.kill(gateway, 'SIGCONT')
  }
  await page.locator('[data-link="gateway"]').waitFor({ state: 'detached', timeout: 60_000 })
  await expect.poll(() => statesOf(page), { timeout: 60_000 }).toContain('clear')
  await page.close()
})
