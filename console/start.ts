import { askEarly, LAYOUT, openFeedEarly } from './live/early.ts'

openFeedEarly()
// The estate is drawn from its layout; the other screens ask for what they need.
if (location.pathname === '/') askEarly(LAYOUT)
void import('./main.tsx')
