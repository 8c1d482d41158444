import { LayoutSchema, UnknownDeviceViewSchema } from '@clearlane/protocol'
import { Button, Empty, List, Picker, Toast } from 'antd-mobile'
import { tell, useAsk } from '../../live/ask.ts'
import { useConsole } from '../../live/use-console.ts'
import { translated, useWords } from '../../words/language.ts'

const WORDS = translated(
  {
    unknown: '未登记地磁',
    none: '没有未登记的地磁。新装的地磁上电后会出现在这里。',
    heardTimes: '收到次数',
    bind: '绑定到车位',
    chooseSlot: '选择车位',
    bound: '已绑定',
    bindFailed: '没有绑定成功，请重试',
    needsHello: '等待其上报编号',
  },
  {
    unknown: 'Unregistered sensors',
    none: 'No unregistered sensors. A new one appears here once it is switched on.',
    heardTimes: 'times heard',
    bind: 'Bind to a slot',
    chooseSlot: 'Choose a slot',
    bound: 'Bound',
    bindFailed: 'It was not bound. Please try again',
    needsHello: 'waiting for its number',
  },
)

const REFRESH_MS = 5_000
const UnknownDevicesSchema = {
  parse: (body: unknown) =>
    (body as { readonly items: readonly unknown[] }).items.map((item) => UnknownDeviceViewSchema.parse(item)),
}

/** Sensors that are heard but stand in no slot: two taps bind one. */
export const DevicesScreen = () => {
  const words = useWords(WORDS)
  const { state } = useConsole()
  const answer = useAsk('/unknown-devices', UnknownDevicesSchema, REFRESH_MS)
  const unknown = answer?.kind === 'answer' ? answer.value : []
  const slots = [...state.sections.values()].flatMap((section) =>
    section.slots.map(({ slot }) => ({ label: `${section.name} · ${slot}`, value: slot })),
  )
  const bind = async (device: string): Promise<void> => {
    const chosen = await Picker.prompt({ columns: [slots], title: words.chooseSlot })
    const slot = chosen?.[0]
    if (typeof slot !== 'string') return
    const done = await tell('POST', `/slots/${slot}/device`, { device }, LayoutSchema)
    Toast.show(done.kind === 'answer' ? words.bound : words.bindFailed)
  }
  return (
    <>
      <List header={words.unknown}>
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
      {answer?.kind === 'answer' && unknown.length === 0 && <Empty description={words.none} />}
    </>
  )
}
