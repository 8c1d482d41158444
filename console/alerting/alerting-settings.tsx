import { List } from 'antd-mobile'
import { useState } from 'react'
import { useWords } from '../words/language.ts'
import { NameDialog } from './name-dialog.tsx'
import { useAlertingHere } from './use-alerting.ts'
import { ALERTING_WORDS } from './words.ts'
import { Tap } from '../parts/tap.tsx'

/** Under More: what this device does when an alarm comes, and who is at it. */
export const AlertingSettings = () => {
  const words = useWords(ALERTING_WORDS)
  const { sound, wakeLock, name, wantSound, rename } = useAlertingHere()
  const [isRenaming, setRenaming] = useState(false)
  const isWanted = sound === 'on' || sound === 'waiting'
  const soundWord = {
    on: words.soundOn,
    waiting: words.soundWaiting,
    off: words.soundOff,
    unasked: words.soundOff,
  }
  const screenWord = {
    held: words.wakeLockHeld,
    off: words.wakeLockOff,
    none: words.noWakeLock,
    refused: words.wakeLockRefused,
  }
  return (
    <>
      <List header={words.header}>
        <List.Item
          data-testid="sound-setting"
          description={soundWord[sound]}
          extra={
            <Tap look="quiet" onClick={() => wantSound(!isWanted)}>
              {isWanted ? words.turnOff : words.turnOn}
            </Tap>
          }
        >
          {words.sound}
        </List.Item>
        <List.Item data-testid="screen-setting" data-lock={wakeLock} description={screenWord[wakeLock]}>
          {words.screen}
        </List.Item>
        <List.Item
          data-testid="name-setting"
          description={name ?? words.noName}
          extra={
            <Tap look="quiet" onClick={() => setRenaming(true)}>
              {words.changeName}
            </Tap>
          }
        >
          {words.name}
        </List.Item>
      </List>
      {isRenaming && (
        <NameDialog
          {...(name !== undefined && { name })}
          onName={(next) => {
            rename(next)
            setRenaming(false)
          }}
          onLeave={() => setRenaming(false)}
        />
      )}
    </>
  )
}
