import type { EpisodeView } from '@clearlane/protocol'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { DESK_EN, findAxeViolations, openBrowser, openTabs, PHONE_ZH } from './testing-browser.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

let estate: TestEstate
let browser: Browser
beforeAll(async () => {
  estate = await startTestEstate({ speed: 10, forMs: 300_000, arrivalsPerHour: 200 })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await estate[Symbol.asyncDispose]()
})

/** In the page: which sources sound now, as the browser was told. */
const WATCH_SOUND = `
  globalThis.sounding = new Set()
  const { start, stop } = AudioBufferSourceNode.prototype
  AudioBufferSourceNode.prototype.start = function (...rest) { sounding.add(this); return start.apply(this, rest) }
  AudioBufferSourceNode.prototype.stop = function (...rest) { sounding.delete(this); return stop.apply(this, rest) }
`
const isSounding = (page: Page): Promise<boolean> => page.evaluate<boolean>('sounding.size > 0')
const open = async (context: BrowserContext): Promise<Page> => {
  const page = await context.newPage()
  await page.addInitScript({ content: WATCH_SOUND })
  await page.goto(estate.api)
  await page.locator('[data-testid^="section-"]').first().waitFor()
  return page
}

test('an alarm sounds after one tap, marks title and icon, and who has seen it is told in another browser', async () => {
  const guard = await open(await browser.newContext(PHONE_ZH))
  const manager = await open(await browser.newContext(DESK_EN))
  await guard.getByTestId('sound-bar').waitFor()
  expect(await findAxeViolations(guard)).toEqual([])
  await manager.getByTestId('sound-bar').waitFor()
  await guard.getByText('点一下，告警会响').click()
  await guard.getByTestId('sound-bar').waitFor({ state: 'detached' })

  await expect.poll(() => isSounding(guard), { timeout: 120_000 }).toBe(true)
  expect(await isSounding(manager)).toBe(false)
  expect(await guard.title()).toMatch(/^\(\d+\) /)
  expect(await guard.locator('link[rel="icon"]').getAttribute('href')).toMatch(/^data:image\/svg/)

  await guard.getByTestId('take-note').click()
  await expect.poll(() => isSounding(guard)).toBe(false)
  await guard.getByLabel('姓名').fill('王')
  expect(await findAxeViolations(guard)).toEqual([])
  await guard.getByRole('button', { name: '记下' }).click()
  await manager.getByTestId('seen-by').first().waitFor()
  expect(await manager.getByTestId('seen-by').first().textContent()).toContain('王')
  await guard.getByText('更多', { exact: true }).click()
  expect(await guard.getByTestId('name-setting').textContent()).toContain('王')
  expect(await findAxeViolations(guard)).toEqual([])
  await guard.context().close()
  await manager.context().close()
})

/** In the page: the locks on its screen that it has, as the browser was told. */
const WATCH_LOCKS = `
  globalThis.locks = []
  const { request } = WakeLock.prototype
  WakeLock.prototype.request = async function (kind) {
    const lock = await request.call(this, kind)
    locks.push(lock)
    return lock
  }
`
const countLocks = (page: Page): Promise<number> =>
  page.evaluate<number>('locks.filter(({ released }) => !released).length')

test('the screen stays awake while sound is wanted: let go when another tab is in front, taken again after it', async () => {
  await using tabs = await openTabs()
  await tabs.addInitScript({ content: WATCH_LOCKS })
  const guard = await open(tabs)
  await guard.getByTestId('sound-bar').locator('button').first().click()
  await guard.getByTestId('alarm-bar').waitFor({ timeout: 120_000 })
  expect(await countLocks(guard)).toBe(1)

  const other = await tabs.newPage()
  await other.bringToFront()
  await expect.poll(() => guard.evaluate('document.visibilityState')).toBe('hidden')
  await expect.poll(() => countLocks(guard)).toBe(0)
  await guard.bringToFront()
  await guard.getByTestId('alarm-bar').waitFor({ timeout: 120_000 })
  await expect.poll(() => countLocks(guard)).toBe(1)

  // Whoever looks is told what is so, also when the browser lets go by itself.
  await guard.getByText('More', { exact: true }).click()
  const setting = guard.getByTestId('screen-setting')
  expect(await setting.getAttribute('data-lock')).toBe('held')
  await guard.evaluate('Promise.all(locks.map((lock) => lock.release()))')
  await expect.poll(() => setting.getAttribute('data-lock')).toBe('refused')
})

test('a note that cannot be sent says so, and is sent when the server is back', async () => {
  const guard = await open(await browser.newContext(PHONE_ZH))
  await guard.getByTestId('alarm-bar').waitFor({ timeout: 120_000 })
  const pid = estate.child.platform.pid()
  if (pid === undefined) throw new Error('the platform is not running')
  process.kill(pid, 'SIGKILL')
  await guard.locator('[data-link="server"]').waitFor()
  await guard.getByTestId('take-note').click()
  await guard.getByLabel('姓名').fill('李')
  await guard.getByRole('button', { name: '记下' }).click()
  await guard.getByTestId('notes-waiting').waitFor()
  await guard.getByTestId('notes-waiting').waitFor({ state: 'detached', timeout: 60_000 })
  const { items } = (await getJson(`${estate.api}/api/v1/episodes`)) as { items: EpisodeView[] }
  expect(items.flatMap(({ seen }) => seen.map(({ by }) => by))).toContain('李')
  await guard.context().close()
})

test('a page that opens without a server shows the last state, greyed, with its time, and never as current', async () => {
  const context = await browser.newContext(PHONE_ZH)
  const page = await open(context)
  // Active once it holds every file of the console.
  const isInstalled = () => page.evaluate<boolean>('navigator.serviceWorker.controller !== null')
  await expect.poll(isInstalled).toBe(true)
  const layoutKept = () => page.evaluate<boolean>(`localStorage.getItem('clearlane.last-layout') !== null`)
  await expect.poll(layoutKept).toBe(true)
  const names = await page.locator('[data-testid^="section-"]').count()
  await estate.child.platform.stop()
  await page.locator('[data-link="server"]').waitFor()

  await page.reload()
  const banner = page.locator('[data-link="server"]')
  await banner.waitFor()
  expect(await banner.textContent()).toMatch(/离线，以下状态停在.*\d\d:\d\d/)
  expect(await page.getByTestId('page').getAttribute('data-connected')).toBe('false')
  expect(await page.locator('[data-testid^="section-"]').count()).toBe(names)
  expect(await page.evaluate(`getComputedStyle(document.querySelector('main')).filter`)).toContain(
    'grayscale',
  )
  expect(await page.getByTestId('coverage').textContent()).toContain('离线前')
  expect(await page.locator('.section-mark .for-screen-readers').first().textContent()).toContain('离线前')
  expect(await isSounding(page)).toBe(false)
  expect(await findAxeViolations(page)).toEqual([])
  // The worker has no answer of the API, neither an old nor a new one.
  expect(await page.evaluate(`fetch('/api/v1/sections').then(() => 'answered', () => 'away')`)).toBe('away')
  await context.close()
})
