import type { BrowserContext } from 'playwright-core'

const complaints: string[] = []

/** The browser's own words on an answer that refuses and on a server that is away. The pages say both themselves. */
const OF_THE_NETWORK = /^(Failed to load resource|An unknown error occurred when fetching the script)/

/** From now on errors of the scripts of these pages are kept, and whatever their policy refuses them. */
export const keepComplaints = (context: BrowserContext): void => {
  context.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !OF_THE_NETWORK.test(text))
      complaints.push(`${message.page()?.url()}: ${text}`)
  })
  context.on('weberror', (error) => {
    const url = error.page()?.url()
    // Before a page is opened only the test's own scripts run.
    if (url !== 'about:blank') complaints.push(`${url}: ${error.error().message}`)
  })
}

/** What was kept since the last time. */
export const takeComplaints = (): string[] => complaints.splice(0)
