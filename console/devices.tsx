import { UnknownDeviceViewSchema } from '@clearlane/protocol'
import type { UnknownDevice } from '@clearlane/protocol'
import { Button, Empty, List, Picker, Toast } from 'antd-mobile'
import { useEffect, useState } from 'react'
import type { ConsoleState } from './state.ts'
import type { Words } from './words.ts'

const REFRESH_MS = 5_000

/** Sensors that are heard but stand in no slot: two taps bind one. */
export const Devices = ({ state, words }: { readonly state: ConsoleState; readonly words: Words }) => {
  const [unknown, setUnknown] = useState<readonly UnknownDevice[]>([])
  useEffect(() => {
    const load = async (): Promise<void> => {
      const response = await fetch('/api/v1/unknown-devices')
      const { items } = (await response.json()) as { items: unknown[] }
      setUnknown(items.map((item) => UnknownDeviceViewSchema.parse(item)))
    }
    const ignore = (): void => undefined
    void load().catch(ignore)
    const timer = window.setInterval(() => void load().catch(ignore), REFRESH_MS)
    return () => window.clearInterval(timer)
  }, [])
  const slots = [...state.sections.values()].flatMap((section) =>
    section.slots.map(({ slot }) => ({ label: `${section.name} · ${slot}`, value: slot })),
  )

  const bind = async (device: string): Promise<void> => {
    const chosen = await Picker.prompt({ columns: [slots], title: words.chooseSlot })
    const slot = chosen?.[0]
    if (typeof slot !== 'string') return
    const response = await fetch(`/api/v1/slots/${slot}/device`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ device }),
    }).catch(() => undefined)
    Toast.show(response?.ok === true ? words.bound : words.bindFailed)
  }

  return (
    <>
      <List header={words.unknownDevices}>
        {unknown.map(({ shortId, device, count, rssiDbm, link }) => (
          <List.Item
            key={shortId}
            data-testid={`unknown-${shortId}`}
            description={`${link} · ${count} ${words.heardTimes}${rssiDbm === undefined ? '' : ` · ${rssiDbm} dBm`}`}
            extra={
              device === undefined ? (
                words.needsHello
              ) : (
                <Button color="primary" onClick={() => void bind(device)}>
                  {words.bind}
                </Button>
              )
            }
          >
            {device ?? shortId.toString(16).padStart(8, '0')}
          </List.Item>
        ))}
      </List>
      {unknown.length === 0 && <Empty description={words.noUnknownDevices} />}
    </>
  )
}
