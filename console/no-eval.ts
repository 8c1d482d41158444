import { config } from 'zod'

// Schemas would try whether they may make code of themselves: the page's policy refuses it, and says so each time.
config({ jitless: true })
