import { createContext, useContext } from 'react'
import type { ConsoleState } from './state.ts'
import { EMPTY_STATE } from './state.ts'

/** What every screen sees: the live state, and domain time now, counted on from the server's word. */
export type Console = { readonly state: ConsoleState; readonly nowMs: number | undefined }

const ConsoleContext = createContext<Console>({ state: EMPTY_STATE, nowMs: undefined })
export const ConsoleProvider = ConsoleContext.Provider
export const useConsole = (): Console => useContext(ConsoleContext)
